"""Boundary 3 (DESIGN §1): no ethnic, religious or political attribute of persons is taken in. Pure; the one word rule.

Playbooks and importers ask it about every name: keys, columns, labels, options. It reads names, not prose, and it knows
that an office is not an attribute (DECIDED 18): *branch secretary*, *members' meeting* and *party to a dispute* pass;
so do places and things that bear such a word (*Nationalities Road*, *religious venue*, *dragon boat race*).
"""

from __future__ import annotations

import re
import unicodedata

from linli.kernel.refusal import N_

ATTRIBUTES = (N_("ethnicity"), N_("religion"), N_("political standing"))  # what is refused, as refused_attribute says it
LONGEST_NAME = 60  # longer text is prose, where a word may stand for anything ("regardless of religion")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# -- Chinese ------------------------------------------------------------------------------------------------------------
_ZH_EXACT: dict[str, str] = {
    **dict.fromkeys(
        _words(
            "民族 族别 族裔 种族 族群 族籍 人种 少数民族 是少数民族 汉族 蒙古族 回族 藏族 维吾尔族 苗族 彝族 壮族 布依族 朝鲜族 "
            "满族 侗族 瑶族 白族 土家族 哈尼族 哈萨克族 傣族 黎族 傈僳族 佤族 畲族 高山族 拉祜族 水族 东乡族 纳西族 景颇族 "
            "柯尔克孜族 土族 达斡尔族 仫佬族 羌族 布朗族 撒拉族 毛南族 仡佬族 锡伯族 阿昌族 普米族 塔吉克族 怒族 乌孜别克族 "
            "俄罗斯族 鄂温克族 德昂族 保安族 裕固族 京族 塔塔尔族 独龙族 鄂伦春族 赫哲族 门巴族 珞巴族 基诺族"
        ),
        "ethnicity",
    ),
    **dict.fromkeys(
        _words(
            "宗教 信仰 信教 教派 教别 教徒 信徒 信众 教籍 宗派 佛教 道教 伊斯兰教 基督教 天主教 东正教 犹太教 佛教徒 道教徒 基督徒 "
            "基督教徒 天主教徒 穆斯林 信教群众 信教人员 信教人士 受洗"
        ),
        "religion",
    ),
    **dict.fromkeys(
        _words("党派 党籍 党龄 入党 党员 中共党员 共产党员 预备党员 中共预备党员 团员 共青团员 民主党派 民主党派成员 无党派 无党派人士 政审 政治 政见"),
        "political standing",
    ),
}
# Whole terms that say it wherever they stand in a name.
_ZH_ANYWHERE = (
    (
        re.compile(
            r"民族(?:成份|成分|属性|类别|族别|身份)|少数民族(?:人员|人士|居民|标识|标志)|种族(?:成份|成分|类别)"
            r"|(?:所属|什么|何种|哪个|本人)民族(?!路|街|村|社区|乡|镇)"
        ),
        "ethnicity",
    ),
    (
        re.compile(
            r"宗教(?:信仰|派别|身份|倾向|背景|教派|信徒)|信教(?:情况|与否|类别|种类)"
            r"|(?:有无|个人|何种|什么)(?:宗教)?信仰|信仰(?:宗教|何教|情况|类别)"
        ),
        "religion",
    ),
    (
        re.compile(
            r"政治(?:面貌|身份|立场|态度|倾向|派别|成份|成分|背景|表现|信仰|观点|审查|关系)|党派(?:成员|关系|归属|身份)|(?:入|退)党(?:时间|日期|年月|年份)|党员(?:身份|标识|标志|类别|编号|证号)"
            r"|(?:是否|是不是)(?:中共|共产|预备|正式)*(?:党员|团员)(?!会|大会|代表|户|岗|中心|活动|服务|先锋|示范)"
        ),
        "political standing",
    ),
)
# Words that change nothing before or after the attribute.
_ZH_BEFORE = _words(
    "是否是 是否为 是否 是不是 有无 请填写 请选择 填写 选择 所属 所信 所在 本人 个人 居民 住户 当事人 申请人 报告人 反映人 "
    "联系人 负责人 人员 人口 户主 家庭成员 家庭 家属 成员 业主 租客 租户 学生 老人 儿童 志愿者 您的 你的 其 的 属于 为 系"
)
_ZH_AFTER = _words(
    "情况 状况 名称 代码 编码 编号 类别 类型 种类 性质 成份 成分 信息 字段 标识 标志 身份 属性 备注 说明 登记 选项 一栏 "
    "必填 选填 可选 多选 单选 码 别 否 吗 是 者 时间 日期 年月 归属 分类"
)

# -- English --------------------------------------------------------------------------------------------------------------
_EN_HEADS = {  # refused as the last word of a short name, whatever stands before
    **dict.fromkeys(("ethnicity", "ethnicities", "ethnic", "ethnos"), "ethnicity"),
    **dict.fromkeys(("religion", "religions", "religious", "religiosity"), "religion"),
}
_EN_ALONE = {  # refused when nothing but neutral words stand beside it
    **dict.fromkeys(("race", "races", "racial", "caste", "minzu"), "ethnicity"),
    **dict.fromkeys(("faith", "creed", "belief", "beliefs", "denomination", "zongjiao", "xinyang", "muslim", "christian", "buddhist"), "religion"),
    **dict.fromkeys(("politics", "political", "dangpai", "zhengzhimianmao", "communist"), "political standing"),
}
_EN_NOUNS = r"(?:groups?|minority|minorities|origins?|background|identity|class|status|code|types?|category|affiliations?|membership|memberships)"
_EN_ANYWHERE = (
    (re.compile(rf"\b(?:ethnic|racial|race) {_EN_NOUNS}\b|\bethnic (?:nationality|nationalities)\b|\brace (?:and|or) ethnicity\b|\bethnicity\b"), "ethnicity"),
    (
        re.compile(
            rf"\breligio(?:n|us) (?:{_EN_NOUNS}|beliefs?|faith|views?|practi[cs]e|preference|denomination)\b|\b(?:church|mosque|temple) membership\b"
            r"|\breligious person\b|\bis religious\b|\bfaith (?:group|affiliation)\b"
        ),
        "religion",
    ),
    (
        re.compile(
            rf"\bpolitical (?:{_EN_NOUNS}|standing|party|parties|views?|opinions?|beliefs?|stance|leanings?|orientation|outlook|face)\b"
            r"|\bparty (?:membership|affiliation|member number|join(?:ing)? date|standing|admission)\b"
            r"|\b(?:is|has|was) (?:\w+ ){0,4}party member\b"
            r"|\b(?:ccp|cpc|communist party|youth league) member(?:ship)?\b"
            r"|^(?:probationary )?party members?$|^(?:resident|person|household|applicant|reporter)s? party members?$|\bjoined (?:the )?(?:party|league)\b"
        ),
        "political standing",
    ),
)
_EN_NEUTRAL = frozenset(
    _words(
        "a an the of is has was are s code codes name names type types category categories status group groups id number no "
        "field value label list person persons people resident residents citizen member members reporter applicant subject "
        "party parties client user household householder head family owner tenant pupil student elder child children volunteer "
        "contact self own your his her their my please state select choose enter fill in other and or description info "
        "information details background identity origin affiliation date optional required"
    )
)


# The traditional characters that these words are written with.
_SIMPLIFIED = str.maketrans(
    "黨員團羣眾種別類屬稱編號碼備註況狀態誰問無請選擇填寫歸業當報負責聯繫戶學時間標識關係滿壯藏維爾蒙",
    "党员团群众种别类属称编号码备注况状态谁问无请选择填写归业当报负责联系户学时间标识关系满壮藏维尔蒙",
)


def refused_attribute(name: str) -> str | None:
    """Say which refused attribute of persons ``name`` names: ``ethnicity``, ``religion``, ``political standing``, or None.

    Takes a key, a column, a label or an option, Chinese or English, in any case and joined in any way (``is_party_member``,
    ``PoliticalStatus``, ``政治面貌（必填）``). Text over 60 characters is prose and passes.
    """
    text = unicodedata.normalize("NFKC", name).strip()
    if not text or len(text) > LONGEST_NAME:
        return None
    return _in_chinese(text) or _in_english(text)


def _in_chinese(text: str) -> str | None:
    bare = re.sub(r"[^\u4e00-\u9fff]+", "", text.translate(_SIMPLIFIED))
    if not bare:
        return None
    for pattern, attribute in _ZH_ANYWHERE:
        if pattern.search(bare):
            return attribute
    # A label may say two things at once: 民族/宗教, 姓名、民族.
    for part in re.findall(r"[\u4e00-\u9fff]+", text.translate(_SIMPLIFIED)):
        found = _stripped(part)
        if found:
            return found
    return _stripped(bare)


def _stripped(word: str) -> str | None:
    while word:
        if word in _ZH_EXACT:
            return _ZH_EXACT[word]
        shorter = next((word[len(mark) :] for mark in _ZH_BEFORE if word.startswith(mark)), None)
        if shorter is None:
            shorter = next((word[: -len(mark)] for mark in _ZH_AFTER if word.endswith(mark)), None)
        if shorter is None:
            return None
        word = shorter
    return None


def _in_english(text: str) -> str | None:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    words = re.findall(r"[a-z]+", spaced.lower())
    if not words:
        return None
    line = " ".join(words)
    for pattern, attribute in _EN_ANYWHERE:
        if pattern.search(line):
            return attribute
    if len(words) <= 5 and words[-1] in _EN_HEADS:
        return _EN_HEADS[words[-1]]
    telling = [word for word in words if word not in _EN_NEUTRAL]
    if len(telling) == 1:
        return _EN_ALONE.get(telling[0]) or _EN_HEADS.get(telling[0])
    return None
