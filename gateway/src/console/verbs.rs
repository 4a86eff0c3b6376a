//! How the store begins an event of a line of time, and the words for it.

/// What stands alone.
pub(super) const WHOLE: [(&str, &str); 5] = [
    ("paid", "line.paid"),
    ("closed", "line.closed"),
    ("posted", "line.posted"),
    ("link over", "line.link_over"),
    ("sale over", "line.sale_over"),
];

/// What has something behind it, and how the words begin that may tell it.
pub(super) const VERBS: [(&str, &str, &[&str]); 18] = [
    ("signed in ", "line.signed_in", &["channel."]),
    ("session over ", "line.session_over", &["ended."]),
    ("agreed ", "line.agreed", &["purpose."]),
    ("took back ", "line.took_back", &["purpose."]),
    ("linked ", "line.linked", &["customer.role_"]),
    (
        "ordered ",
        "line.ordered",
        &["bought.", "channel.", "stands."],
    ),
    ("asked ", "line.asked", &["request.kind.", "request.state."]),
    ("opened ", "line.case_opened", &["kind."]),
    ("closed ", "line.case_closed", &["kind."]),
    ("refund ", "line.refund", &["back."]),
    ("sells ", "line.sells", &["sells."]),
    ("month ", "line.month", &["check_at."]),
    ("review ", "line.review", &[]),
    ("payout ", "line.payout", &[]),
    ("sent ", "line.payout_sent", &["payout_at."]),
    ("points ", "line.points", &[]),
    ("certifies ", "line.certifies", &["certifies."]),
    ("certification ", "line.certification", &["certification."]),
];
