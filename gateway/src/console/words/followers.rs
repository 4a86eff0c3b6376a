//! What is said of followers and linked people.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("nav.followers", "关注与绑定", "Followers"),
    (
        "followers.title",
        "关注用户与绑定用户",
        "Followers and linked people",
    ),
    ("followers.following", "当前关注", "Following now"),
    (
        "followers.following_what",
        "按支付宝最新一次关注或取消关注的通知计；启用通知之前的关注者在其下一次变化时计入。",
        "By the latest notice about each wallet; who followed before notices were switched on counts from their next change.",
    ),
    ("followers.gained", "新增关注", "Followed"),
    ("followers.lost", "取消关注", "Unfollowed"),
    ("followers.net", "净增", "Net"),
    ("followers.net_before", "上一期净增", "Net, span before"),
    ("followers.by_day", "按日变化", "By day"),
    (
        "followers.bound",
        "按地区的绑定用户",
        "Linked people by region",
    ),
    (
        "followers.bound_what",
        "至少绑定一户的人数；地区为户号前四位。不足 5 人的不显示。",
        "People with at least one linked home; a region is the first four digits of its number. Fewer than 5 are not told.",
    ),
    (
        "followers.unplaced",
        "尚未归入地区的绑定：",
        "Links not placed yet:",
    ),
    ("followers.people", "人数", "People"),
    ("followers.homes", "户数", "Homes"),
];
