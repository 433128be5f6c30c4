"""Terms that a document explains in its legend: one sentence each, the same in every document.

Here: the words of docs/glossary.md as an office reads them. Not here: columns (contracts), marks (marks).
"""

from __future__ import annotations

from collections.abc import Mapping

_TERMS: Mapping[str, str] = {
    "监管档次": "一项任务把对象分成的层：通用任务按信用风险等级A至D类和未分类，专业领域任务按合成的1至4级或重点、非重点单位。",
    "信用风险等级": "省局按月下发的企业信用风险分类结果：A 低、B 一般、C 较高、D 高；只作监管参考，不是对企业的信用评价。",
    "名录库": "检查对象名录库：本任务范围内截至日存续的对象；“可抽户数”另扣除已达年度上限、间隔未满或处于观察期等的。",
    "户次": "一户接受一次检查；同一户的几项任务一次上门，在检查力量中只计一次，在各任务中各计一次。",
    "定向与不定向": "定向抽查针对一类对象，不定向抽查面向全部对象。",
    "现场与非现场": "非现场为书面、网络核查，不上门，不占检查力量。",
    "触发检查": "因投诉举报、转办交办、数据监测等线索而起的检查，不属于随机抽取。",
    "补抽": "抽中的对象已注销、查无等不能检查时，依次取同一层候补名单的下一户。",
    "入选概率": "本批次中一户被抽中的概率，用于推算总体。",
    "归集": "部门产生的记录送达公示系统，期限为形成后7个法定工作日。",
    "隔离": "不合契约的行单独存放，更正后重新报送；其余的行照常采用。",
    "台账总数": "报送单位自己另行统计的记录数，用来核对有没有漏送。",
    "年比例与频次": "一年内应查户次与名录户数之比；超过100%的写作每年几次。",
}


def terms(*names: str) -> dict[str, str]:
    """The sentences of these terms. Errors: KeyError for an unknown one."""
    return {name: _TERMS[name] for name in names}
