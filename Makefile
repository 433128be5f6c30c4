# The doors of the checkout. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
APP := .venv/.app-installed
DEV := .venv/.dev-installed

export SSJ_HOME ?= $(CURDIR)/var
SSJ_UI_PORT ?= 3000
SSJ_READONLY_PORT ?= 3001

.PHONY: help audit demo test test-long ui ui-readonly bench bench-collect bench-draw bench-matching bench-outputs bench-verifier system-deps lint format lock clean

help: ## 列出全部命令
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(APP) ## 生成一座示例城市，跑完一个月，打印结果
	@$(BIN)/ssj demo

test: $(DEV) lint ## 代码检查与测试（小规模），缺少系统软件的测试在末尾列出
	@$(BIN)/pytest -q -n $(shell nproc) --dist loadfile --no-loadscope-reorder

test-long: $(DEV) ## 长测试，结果连同日期写入 tests/long/RESULT.txt
	@{ date -u +%F; uname -m; echo "cores: $$(nproc)"; $(BIN)/pytest --long --no-header -q --durations=0 tests/long; } | tee tests/long/RESULT.txt

ui: $(APP) ## 打开操作界面（网页与守护进程，仅本机；Ctrl-C 一并停止）
	@$(call serve,$(SSJ_UI_PORT),,with-daemon)

ui-readonly: $(APP) ## 打开只读界面（仅本机）
	@$(call serve,$(SSJ_READONLY_PORT),--read-only,)

bench: $(DEV) ## 打印耗时与内存
	@$(BIN)/python -m bench

bench-collect: $(DEV) ## 归集各环节与裸工具对比：工作簿、CSV、验收拆分、前置库
	@for part in xlsx csv split postgres; do $(BIN)/python -m bench.$$part; done

bench-matching: $(DEV) ## 人员匹配：两万户次、六百人
	@$(BIN)/python -m bench.matching

bench-outputs: $(DEV) ## 二十万行清单与直写对比，六万户一个月的全部产出（约五分钟）
	@$(BIN)/python -m bench.outputs

bench-verifier: $(DEV) ## 独立核对程序：一百万行名录
	@$(BIN)/python -m bench.verifier

bench-draw: $(DEV) ## 抽取与冻结一百万、一千万行名录，与裸 SHA-256、裸 COPY、Polars、pandas 对比（约五分钟）
	@$(BIN)/python -m bench.draw

system-deps: ## 安装测试所需的系统软件（只装缺少的；需要 root 或 sudo）
	@missing=$$(while read -r package probe _; do
	  [[ -z "$$package" || "$$package" == \#* ]] || compgen -G "$$probe" >/dev/null || echo "$$package"
	done < system-deps.txt)
	[[ -n "$$missing" ]] || exit 0
	as_root=$$( ((EUID == 0)) || echo sudo)
	export DEBIAN_FRONTEND=noninteractive
	echo "安装：" $$missing
	$$as_root apt-get update -qq
	$$as_root apt-get install -y -qq --no-install-recommends $$missing >/dev/null

lint: $(DEV) ## ruff 与 mypy
	@$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check . || { echo "格式不符，请运行 make format"; exit 1; }
	$(BIN)/mypy --no-error-summary

format: $(DEV) ## 统一代码格式
	@$(BIN)/ruff check --quiet --fix . || true
	$(BIN)/ruff format --quiet .

lock: ## 重新生成带哈希的锁定文件（需要 uv；不写入任何软件源地址）
	@compile() { uv pip compile --quiet --no-strip-extras --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --universal pyproject.toml "$$@"; }
	compile --extra build -o requirements.lock
	compile --extra build --extra postgres --extra dev -c requirements.lock -o requirements-dev.lock

audit: requirements.lock | $(BIN)/python ## 对照公开漏洞库审计锁定的依赖（需要联网；连不上时明说，不算通过）
	@[[ -x .venv-audit/bin/pip-audit ]] || { $(PYTHON) -m venv .venv-audit && .venv-audit/bin/python -m pip -qq \
	  --disable-pip-version-check --no-input install 'pip-audit==2.10.1'; } \
	  || { rm -rf .venv-audit; echo "未审计：取不到 pip-audit，请检查软件源后再试"; exit 2; }
	report=$$(mktemp); trap 'rm -f "$$report"' EXIT
	code=0; .venv-audit/bin/pip-audit --disable-pip --require-hashes -r requirements.lock --progress-spinner off \
	  -f columns -o "$$report" || code=$$?
	[[ ! -s "$$report" ]] || cat "$$report"
	if grep -q 'could not be audited' "$$report"; then echo "未审计：漏洞库不认识上列的包（软件源可能不是原站），不能说明它们没有漏洞"; exit 2
	elif ((code == 0)); then echo "审计完成：锁定的依赖没有已知漏洞"
	elif [[ -s "$$report" ]]; then echo "审计完成：有已知漏洞，见上"; exit 1
	else echo "未审计：连不上漏洞库（上面是原话），不能说明依赖没有漏洞"; exit 2; fi

clean: ## 删除虚拟环境与缓存（保留数据文件夹 var/）
	@rm -rf .venv .venv-audit build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# One virtual environment for both: the application's lock is a subset of the developers'. Without --no-compile, installing
# takes twice as long (41 s against 22 s), and most of what it compiles is never imported.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "需要 Python 3.11 或更高版本；可用 make PYTHON=python3.12 … 指定"; exit 1; }
	$(PYTHON) -m venv .venv

$(APP): requirements.lock pyproject.toml | $(BIN)/python
	@echo "安装依赖（约半分钟）……"
	$(PIP) install --no-compile --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "安装依赖与开发工具（约半分钟）……"
	$(PIP) install --no-compile --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $(APP) $@

# $(1) port, $(2) options of the webserver, $(3) not empty: the daemon too. A dagster.yaml that a person put into the data
# folder (another storage, say) stays; otherwise it is a link to ours.
define serve
	umask 077
	export DAGSTER_HOME="$$SSJ_HOME/dagster"
	install -d -m 700 "$$SSJ_HOME" "$$DAGSTER_HOME"
	[[ -e "$$DAGSTER_HOME/dagster.yaml" && ! -L "$$DAGSTER_HOME/dagster.yaml" ]] || ln -sfn "$(CURDIR)/dagster.yaml" "$$DAGSTER_HOME/dagster.yaml"
	trap 'exit 0' INT TERM
	trap 'kill $$(jobs -p) 2>/dev/null || true; wait' EXIT
	$(if $(3),$(BIN)/dagster-daemon run -w workspace.yaml &)
	$(BIN)/dagster-webserver -w workspace.yaml -h 127.0.0.1 -p $(1) $(2) &
	echo "界面地址：http://127.0.0.1:$(1)  数据文件夹：$$SSJ_HOME  （Ctrl-C 停止）"
	wait -n
endef
