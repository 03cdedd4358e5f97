"""The one word rule of boundary 3: what it refuses, and what it must let pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.boundaries import ATTRIBUTES, refused_attribute

REFUSED = {
    "ethnicity": """民族 民族成份 民族成分 是否少数民族 民族代码 户主民族 民族（必填） 请填写民族 族别 种族 少数民族 是少数民族 姓名、民族
        民族/籍贯 汉族 回族 维吾尔族 種族
        ethnicity Ethnicity ethnic_group ethnicGroup ethnic-minority is_ethnic_minority race Race resident_race race_code person_race
        racial_background minzu
        race/ethnicity ETHNIC ethnic_origin caste""",
    "religion": """宗教 宗教信仰 信仰 信教情况 是否信教 宗教信仰情况 有无宗教信仰 信教群众 佛教 基督教徒 穆斯林 宗教类别 教派 居民宗教信仰
        religion Religion religious_belief religiousAffiliation resident_religion is_religious faith creed religious_status RELIGION_CODE
        church_membership belief""",
    "political standing": """政治面貌 政治面貌代码 政治身份 政治立场 政治倾向 党员 是否党员 是否中共党员 党员身份 入党时间 入党日期 党派
        民主党派 中共党员 预备党员 团员 是否团员 党籍 政审 黨員
        户主政治面貌 政治面貌（单选）
        political_status politicalAffiliation political-party party_membership is_party_member party_affiliation PoliticalViews
        party_join_date ccp_member political
        party_member politics political_standing isPartyMember""",
}
PASSED = """
    党支部书记 branch_secretary 支部书记 党员大会 党员中心户 党员代表 党员先锋岗 党员活动室 党群服务中心 党委 党支部 党组织 党建引领
        共青团活动 入党宣誓活动室 是否党员大会通过 党员会议
    party parties third_party third-party 第三方 当事人 parties_to_the_dispute party_to_dispute other_party 甲方 乙方 tea_party
        birthday_party party_wall party_room
    party_branch_secretary party_branch members_meeting party_hall party_secretary complaining_party party_name party_type party_role
    民族路 民族大学 民族舞 民族团结活动 民族街道 民族乐团 中华民族园 民族小学 民族村社区 民族广场
    宗教活动场所 宗教场所消防安全 religious_venue church_street_drainage temple_fair
    dragon_boat_race race_course trace brace terrace terrace_code embrace grace_period
    good_faith faithful 群众 群众来访 居民 政治部 政法委 政务公开 街道办事处 政策法规宣传员
    nationality 国籍 native_place 籍贯 户籍 name code type status person resident kind 姓名 电话 地址 年龄 性别 residents_group
    blood_pressure political_legal_office 政法办公室 trade_union 工会 家族 贵族花园 水族馆 水族馆漏水 家族企业 信仰路
        道教协会大楼
    is_member membership member_number group_members voting_method vote_count
    """
PASSED_PHRASES = [
    "religious venue fire safety", "race condition", "road race traffic control", "Faith Street", "白族大院", "Multi-ethnic street food festival",
    "Ethnic restaurant fire safety",
    "political-legal office", "parties to a dispute", "Party branch secretary", "members' meeting", "the third party's insurance", "Church Street",
    "不分民族、宗教信仰,一视同仁地为每一位居民提供服务,这是本社区全体工作人员共同的承诺,"
    "也是我们对每一位来访者的承诺,请您监督我们的工作。",
    "Everyone is served alike, whatever their religion, ethnicity or political views; tell us if not.",
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "name"), [(attribute, name) for attribute, names in REFUSED.items() for name in names.split()])
def test_names_of_persons_attributes_are_refused(attribute: str, name: str) -> None:
    assert refused_attribute(name) == attribute


@pytest.mark.parametrize(
    "name",
    [
        "Political party",
        "Religious belief",
        "Is the person a party member?",
        "Ethnic minority (yes/no)",
        "请填写您的民族",
        "您的宗教信仰是什么",
        "  政治 面貌 ",
    ],
)
def test_labels_are_refused_like_keys(name: str) -> None:
    assert refused_attribute(name) is not None


@pytest.mark.parametrize("name", [*PASSED.split(), *PASSED_PHRASES])
def test_offices_roles_places_and_things_pass(name: str) -> None:
    assert refused_attribute(name) is None


@given(st.text(max_size=80))
def test_any_text_gets_an_answer(name: str) -> None:
    assert refused_attribute(name) in {None, *ATTRIBUTES}


@given(st.sampled_from([name for names in REFUSED.values() for name in names.split()]), st.sampled_from([" {} ", "{}:", "({})", "{}？", "*{}"]))
def test_marks_around_a_name_change_nothing(name: str, around: str) -> None:
    assert refused_attribute(around.format(name)) == refused_attribute(name)
