"""Fictional names. Every enterprise carries 演示 / "Demo", so that nobody takes one for a real company."""

from __future__ import annotations

from typing import Final

STEMS: Final = (
    ("青鸾", "Qingluan"), ("玄龟", "Xuangui"), ("白泽", "Baize"), ("烛龙", "Zhulong"), ("鲛人", "Jiaoren"), ("夔牛", "Kuiniu"),
    ("文鳐", "Wenyao"), ("当康", "Dangkang"), ("乘黄", "Chenghuang"), ("驺吾", "Zouwu"), ("毕方", "Bifang"), ("重明", "Chongming"),
    ("獬豸", "Xiezhi"), ("駮马", "Boma"), ("英招", "Yingzhao"), ("陆吾", "Luwu"), ("开明兽", "Kaiming"), ("狻猊", "Suanni"),
    ("螭吻", "Chiwen"), ("蒲牢", "Pulao"), ("赑屃", "Bixi"), ("嘲风", "Chaofeng"), ("睚眦", "Yazi"), ("饕餮", "Taotie"),
    ("诸犍", "Zhujian"), ("灌灌", "Guanguan"), ("鹿蜀", "Lushu"), ("类兽", "Leishou"), ("精卫", "Jingwei"), ("帝江", "Dijiang"),
    ("横公", "Henggong"), ("天狗", "Tiangou"), ("耳鼠", "Ershu"), ("孟极", "Mengji"), ("狡兽", "Jiaoshou"), ("飞鱼", "Feiyu"),
)  # fmt: skip
"""Creatures of the Classic of Mountains and Seas."""

WORKS: Final[dict[str, tuple[str, str]]] = {
    "C13": ("食品加工", "Foods"), "C15": ("黄酒", "Rice Wine"), "C17": ("纺织", "Textiles"), "C18": ("服饰", "Apparel"),
    "C22": ("纸业", "Paper"), "C25": ("炼化", "Refining"), "C26": ("化工", "Chemicals"), "C27": ("制药", "Pharma"),
    "C28": ("化纤", "Fibres"), "C29": ("橡塑", "Polymers"), "C30": ("水泥", "Cement"), "C31": ("特钢", "Special Steel"),
    "C32": ("铜业", "Copper"), "C33": ("五金", "Hardware"), "C34": ("泵阀", "Pumps and Valves"), "C35": ("专用装备", "Machinery"),
    "C36": ("汽车部件", "Auto Parts"), "C37": ("船舶", "Shipyard"), "C38": ("电机", "Motors"), "C39": ("电子", "Electronics"),
    "C40": ("仪表", "Instruments"), "D44": ("热电", "Heat and Power"), "D45": ("燃气", "Gas"), "D46": ("水务", "Water"),
}  # fmt: skip
"""GB/T 4754 division → what such a works is called."""

CONTINUOUS: Final = frozenset({"C15", "C22", "C25", "C26", "C27", "C28", "C30", "C31", "C32", "D44", "D45", "D46"})
"""Process industries: distributed control, more of it critical."""

SURNAMES: Final = (
    ("林", "Lin"), ("陈", "Chen"), ("沈", "Shen"), ("吴", "Wu"), ("周", "Zhou"), ("郑", "Zheng"), ("徐", "Xu"), ("孙", "Sun"),
    ("朱", "Zhu"), ("胡", "Hu"), ("何", "He"), ("高", "Gao"), ("罗", "Luo"), ("梁", "Liang"), ("宋", "Song"), ("唐", "Tang"),
)  # fmt: skip
GIVEN: Final = (
    ("知远", "zhiyuan"), ("明朗", "minglang"), ("若水", "ruoshui"), ("清扬", "qingyang"), ("思齐", "siqi"), ("望舒", "wangshu"),
    ("行之", "xingzhi"), ("子衿", "zijin"), ("云起", "yunqi"), ("听雨", "tingyu"), ("之远", "zhiyuan2"), ("景行", "jingxing"),
)  # fmt: skip

COUNTRIES: Final = (
    ("United States", 17), ("Netherlands", 11), ("Russian Federation", 8), ("Germany", 8), ("Bulgaria", 7),
    ("United Kingdom", 6), ("Singapore", 5), ("Brazil", 4), ("India", 3), ("Viet Nam", 3), ("France", 3), ("China", 25),
)  # fmt: skip
"""Where attacks come from, in per cent: three quarters overseas, as provincial bulletins publish."""
