//! What a case says in which meter, settlement and payout of a month differ, or one of them is missing.

use crate::shared::decision::words;

words! {
    /// The `what` of a case of that kind; the console has words for each.
    Differing {
        /// The meter's readings, what was settled of them, and what is to be paid are not one figure.
        Figures = "figures_differ",
        /// A payout came out of the unknown, or back from the bank, after its month's difference had left: so
        /// much is still owed, and nothing pays it by itself.
        EarlierPayout = "earlier_payout",
        /// The bank gave money back after the cooperation had ended: nothing is kept of whom it would go to.
        NobodyToPay = "nobody_to_pay",
        /// The utility's reserve names another holder than the one who would be paid.
        PayeeNotHolder = "payee_not_holder",
        /// A payout has waited for days, and the utility's reserve does not say who holds the generator.
        HolderUntold = "holder_untold",
        /// More left for a month than it is worth by now: that stays with its month (docs/adr/0017).
        PaidMore = "paid_more_than_accepted",
        /// The platform paid another sum than ordered.
        PaidOther = "paid_other_sum",
        /// The bank gave back another sum than was paid, or ordered: what may have stayed counts for the month.
        ReturnedOther = "returned_other_sum",
        /// The platform refuses a payout again and again.
        Refused = "payout_refused",
        /// Nobody settled an update within its time.
        UpdateMissed = "update_missed",
        /// The published prices of a month are not whole.
        PriceRows = "price_rows",
        /// The publishing platform has not told a price for each day of a month, or its tax, for long.
        PricesUntold = "prices_untold",
        /// One account's month could not be collected.
        CollectFailed = "collect_failed",
        /// The head-end has said nothing of one account's month for days.
        CollectUnanswered = "collect_unanswered",
        /// The head-end has said nothing of most accounts' month for days.
        HeadEndSilent = "head_end_silent",
    }
}
