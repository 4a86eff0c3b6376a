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
    (
        "followers.few",
        "1 至 4 不显示具体数字（< 5）；合计或净增会透露这样的数字时也不显示（—）。",
        "Of 1 to 4 no number is shown (< 5), nor a sum or a net that would give one away (—).",
    ),
    ("followers.gained", "新增关注", "Followed"),
    ("followers.lost", "取消关注", "Unfollowed"),
    ("followers.net", "净增", "Net"),
    ("followers.net_before", "上一期净增", "Net, span before"),
    ("followers.by_day", "按日变化", "By day"),
    ("followers.linked", "绑定用户", "Linked people"),
    (
        "followers.linked_what",
        "现在至少绑定一户的人数，每人只计一次；不分地区。",
        "People who have at least one linked home now, each once, in all regions.",
    ),
    (
        "followers.bound",
        "按地区的绑定用户",
        "Linked people by region",
    ),
    (
        "followers.bound_what",
        "至少绑定一户的人数，以及这些户的户数（一户多人只计一户）；地区为户号前四位。不足 5 人的不显示。",
        "People with at least one linked home, and these homes, each once; a region is the first four digits of its number. Fewer than 5 are not told.",
    ),
    (
        "followers.unplaced",
        "尚未归入地区的绑定：",
        "Links not placed yet:",
    ),
    ("followers.people", "人数", "People"),
    ("followers.homes", "户数", "Homes"),
];
