"""The special fields (专业领域) that are connected: who keeps each, whom it concerns, what is recorded and how often.

Nothing but lists; 标准 has no feed yet. Not here: who is a member (fields), the records (field_records).
"""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of record: its name, how many a member has in three years, the word of its numbers ('': unnumbered)."""

    name: str
    rate: float
    number: str = ""


class Field(NamedTuple):
    """A field: Chinese name, section, its source, share of the subjects, scope words, grades ('': none), kinds.

    `years`: how long an admission is valid (0: none; such fields have no admission unless `admits`).
    """

    name: str
    unit: str
    source: str
    share: float
    scope: str
    grades: str
    years: int
    admits: bool
    kinds: tuple[Kind, ...]


ADMISSION, GRADING = "许可准入", "风险分级"
_FOOD = (
    Kind("监督检查", 0.5), Kind("飞行检查", 0.01), Kind("整改复查", 0.05), Kind("抽检合格", 0.5, "运食检"),
    Kind("抽检不合格", 0.03, "运食检"), Kind("责任约谈", 0.01, "运食约"),
)  # fmt: skip
_DRUG = (
    Kind("监督检查", 0.5), Kind("飞行检查", 0.03), Kind("整改复查", 0.06), Kind("抽检合格", 0.6, "运药检"),
    Kind("抽检不合格", 0.01, "运药检"),
)  # fmt: skip
FIELDS = {
    "food_production": Field(
        "食品生产", "SP-SC", "field_food_drug", 0.006, "食品生产|食品加工|糕点", "ABCD", 5, True, _FOOD
    ),
    "food_sales": Field(
        "食品销售", "SP-LT", "field_food_drug", 0.09, "食品经营|食品销售|预包装食品|副食|食品", "ABCD", 5, True, _FOOD
    ),
    "catering": Field(
        "餐饮", "CY", "field_catering", 0.06, "餐饮服务|热食|餐饮|正餐", "ABCD", 5, True,
        (
            Kind("监督检查", 0.5), Kind("网络餐饮检查", 0.08), Kind("整改复查", 0.06), Kind("抽检不合格", 0.15, "运餐检"),
            Kind("责任约谈", 0.01, "运餐约"), Kind("食源性疾病事件", 0.001, "运食源"),
        ),
    ),
    "drug": Field("药品", "YPLT", "field_food_drug", 0.01, "药品零售|药品批发|中成药", "", 5, True, _DRUG),
    "medical_device": Field("医疗器械", "YLQX", "field_food_drug", 0.01, "医疗器械", "一二三四", 5, True, _DRUG),
    "special_equipment": Field(
        "特种设备", "TSSB", "field_special_equipment", 0.012, "起重|锅炉|电梯|天然气|汽油|化工产品生产|机械设备", "", 0, True,
        (
            Kind("使用登记", 0.5, "特使登"), Kind("监督检查", 0.5), Kind("定期检验合格", 0.8, "运特检"), Kind("定期检验不合格", 0.03, "运特检"),
            Kind("超期未检", 0.05), Kind("安全监察指令", 0.06, "运特令"), Kind("隐患整改", 0.06, "运特改"), Kind("设备停用", 0.02, "特停"),
        ),
    ),
    "product_quality": Field(
        "工业产品质量", "ZL", "field_product_quality", 0.02, "制造|加工", "", 0, True,
        (
            Kind("监督检查", 0.4), Kind("抽检合格", 0.3, "运质检"), Kind("抽检不合格", 0.04, "运质检"), Kind("风险监测问题", 0.01, "运质险"),
            Kind("责令改正", 0.03, "运质改"), Kind("整改复查", 0.03), Kind("缺陷产品召回", 0.002, "运召"),
        ),
    ),
    "metrology": Field(
        "计量", "JL", "field_metrology", 0.025, "汽油|收购|零售|计量", "", 0, True,
        (
            Kind("强制检定合格", 0.6, "运计检"), Kind("强制检定不合格", 0.03, "运计检"), Kind("超期未检定", 0.06),
            Kind("定量包装抽查合格", 0.05, "运包"),
            Kind("定量包装抽查不合格", 0.01, "运包"), Kind("监督检查", 0.4), Kind("责令改正", 0.03, "运计改"), Kind("诚信计量承诺", 0.05),
        ),
    ),
    "infringement": Field(
        "侵权假冒", "ZSBH", "field_infringement", 0.004, "", "", 0, False,
        (
            Kind("监督检查", 0.5), Kind("侵犯商标专用权", 0.3, "运知案"), Kind("假冒专利", 0.1, "运知案"), Kind("制售假冒伪劣", 0.15, "运知案"),
            Kind("侵犯地理标志", 0.05, "运知案"), Kind("责令改正", 0.2, "运知改"), Kind("移送公安机关", 0.02, "运知移"),
        ),
    ),
    "price": Field(
        "价格", "JJ", "field_price", 0.008, "", "", 0, False,
        (
            Kind("监督检查", 0.6), Kind("未明码标价", 0.35, "运价案"), Kind("价格欺诈", 0.08, "运价案"), Kind("哄抬价格", 0.02, "运价案"),
            Kind("违规收费", 0.05, "运价案"), Kind("提醒告诫", 0.3), Kind("责令退款", 0.05, "运价退"),
        ),
    ),
    "competition": Field(
        "反垄断和反不正当竞争", "FLD", "field_competition", 0.002, "", "", 0, False,
        (
            Kind("监督检查", 0.5), Kind("虚假宣传", 0.35, "运竞案"), Kind("混淆行为", 0.15, "运竞案"), Kind("商业贿赂", 0.03, "运竞案"),
            Kind("商业诋毁", 0.04, "运竞案"), Kind("不正当有奖销售", 0.05, "运竞案"), Kind("提醒告诫", 0.3), Kind("责令改正", 0.15, "运竞改"),
        ),
    ),
    "consumer": Field(
        "消费者权益", "XB", "field_consumer", 0.03, "", "", 0, False,
        (
            Kind("投诉", 0.9, "TS12315"), Kind("举报", 0.3, "JB12315"), Kind("调解成功", 0.6, "运调"), Kind("调解终止", 0.2, "运调"),
            Kind("举报核查属实", 0.08, "运核"), Kind("举报核查不属实", 0.2, "运核"), Kind("放心消费承诺", 0.2), Kind("监督检查", 0.1),
        ),
    ),
    "testing": Field(
        "检验检测", "RZ", "field_testing", 0.002, "检验检测|检测", "", 6, True,
        (
            Kind("监督检查", 0.8), Kind("能力验证不满意", 0.05, "运能验"), Kind("超范围检验检测", 0.04, "运检案"),
            Kind("出具不实报告", 0.03, "运检案"),
            Kind("责令改正", 0.08, "运检改"), Kind("整改复查", 0.08),
        ),
    ),
    "certification": Field(
        "认证认可", "RZ", "field_certification", 0.006, "制造|加工|食品生产|软件开发", "", 0, False,
        (
            Kind("获证", 1.2, "CN-QMS"), Kind("证书暂停", 0.08, "CN-QMS-S"), Kind("证书撤销", 0.03, "CN-QMS-R"), Kind("监督检查", 0.3),
            Kind("伪造冒用认证标志", 0.01, "运认案"), Kind("责令改正", 0.04, "运认改"), Kind("整改复查", 0.04),
        ),
    ),
}  # fmt: skip
FIELD_CODES = tuple(FIELDS)
LIST = tuple(FIELDS.values())
SOURCES = tuple(dict.fromkeys(field.source for field in LIST))
