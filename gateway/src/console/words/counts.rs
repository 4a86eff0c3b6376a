//! What is said of the counts behind the figures.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("counts.title", "数字由来", "What a figure is the sum of"),
    (
        "counts.what",
        "保留的最细计数：7 天以内按小时（小时保留 62 天），92 天以内按日，更长按月。成功的请求只计数，不逐条保留；谁来过不保留。",
        "The finest counts that are kept: by the hour for up to 7 days (hours are kept for 62 days), by day for up to 92, by month beyond. Requests that were done are counted and not kept one by one; who came is not kept.",
    ),
    (
        "counts.of_hours",
        "按时段筛选时只有次数。",
        "Of some hours of the week only the calls are told.",
    ),
    ("counts.weekday", "星期", "Weekday"),
    (
        "counts.by_outcome",
        "各功能的结果",
        "Functions, and how their requests ended",
    ),
    (
        "counts.rows",
        "未成功的次数可点开查看逐条请求，逐条记录保留 7 天。",
        "A count of requests that were not done leads to each of them; they are kept for 7 days.",
    ),
    ("counts.latency", "耗时分布", "How long answers took"),
    ("counts.at_most", "不超过", "At most"),
    ("counts.so_far", "累计占比", "So far, of all"),
    ("counts.people", "每日访问人数", "People by day"),
    (
        "counts.people_what",
        "只保存人数，不保存是谁，因此没有更细的记录。未结束的日子见统计页；少于 5 人不显示。",
        "How many people is kept, not who: there is nothing finer. A day that is not over is told with the figures; fewer than five are not told.",
    ),
    (
        "counts.people_not",
        "按地区、功能或结果筛选时不计人数。",
        "People are not counted for a part of regions, functions or outcomes.",
    ),
];
