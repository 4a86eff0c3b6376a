//! The states, inputs and effects of table L, in the law's own words.

use super::super::decision::words;

words! {
    /// Where a posting line stands.
    State {
        /// Nothing was sent under the present number.
        Ready = "READY",
        /// The first send is under way.
        Posting = "POSTING",
        /// Sent; nobody here knows whether it took effect.
        PostUnknown = "POST_UNKNOWN",
        /// The number is being made impossible, to post again under a new one.
        FencingRepost = "FENCING(repost)",
        /// The number is being made impossible, to give the money back.
        FencingRefund = "FENCING(refund)",
        Posted = "POSTED",
        /// Marketing is asked to undo the whole posting on the same business date.
        Reversing = "REVERSING",
        /// Marketing is asked for a refund voucher.
        MktRefund = "MKT_REFUND",
        /// Marketing has let go of the money; table R gives it back.
        RefundDue = "REFUND_DUE",
        Refunded = "REFUNDED",
        /// Two persons decide.
        Held = "HELD",
    }
}

words! {
    /// The columns. "Same" = consumer number, amount and paid_at equal ours.
    Input {
        /// The sweeper's turn, or a lease that was lost.
        Turn = "turn",
        PostedSame = "posted_same",
        PostedOther = "posted_other",
        Processing = "processing",
        NoAnswer = "no_answer",
        /// STALE_ARREARS or AMOUNT_MISMATCH.
        StaleArrears = "stale_arrears",
        /// ALREADY_PAID, CLOSED_ACCOUNT or CONSUMER_UNAVAILABLE.
        NotPayable = "not_payable",
        /// GET: nothing under this number, and no fence.
        NotFound = "not_found",
        /// A fence answered, or 410: this number can never post.
        Fenced = "fenced",
        Reversed = "reversed",
        GiveUp = "give_up",
        RefundWanted = "refund_wanted",
        CutoffPassed = "cutoff_passed",
        MktYes = "mkt_yes",
        MktNo = "mkt_no",
        RefundDone = "r_done",
        RefundBlocked = "r_blocked",
        Case = "case",
    }
}

words! {
    /// What a cell demands besides the next state.
    Effect {
        /// Freeze the body, send; a resend is the same bytes and key.
        Send = "b1",
        /// Dr clearing Cr marketing; free the lock; tell that it is posted.
        BookPosted = "b2",
        /// A new number, fresh arrears, a new allocation.
        Renumber = "b3",
        /// Dr clearing Cr refund_due; insert R; free the lock.
        BookRefundDue = "b4",
        /// Ask for the reversal, whole line only.
        Reverse = "b6",
        /// Ask for marketing's refund voucher.
        Voucher = "b7",
        /// Withdraw R if it is only planned, else alarm.
        WithdrawRefund = "b8",
        /// The line is closed: receipt void, points back, dunning starts anew.
        CloseRefunded = "b9",
        /// GET the posting.
        Query = "q",
        /// Ask for the fence (again).
        AskFence = "fence",
        /// Another "not found"; two of them, 60 s apart, allow a resend.
        CountNotFound = "counts",
        /// Remember that the money is to go back once its place is known.
        WantRefund = "want",
        /// The remembered wish is due now.
        ThenRefundWanted = "then_refund_wanted",
        /// Post as a prepayment under the new number.
        AsPrepayment = "prepaid",
        OpenCase = "case",
        /// The one who claimed the refund is told that it was refused.
        TellClaimant = "tell",
        Contradict = "X",
    }
}

words! {
    /// What two persons decided about a line.
    Ruling {
        Post = "post",
        FenceRepost = "fence_repost",
        FenceRefund = "fence_refund",
        Credit = "credit",
        Refund = "refund",
    }
}

impl State {
    /// No turn of the sweeper is owed to the line.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Posted | Self::Refunded => true,
            Self::Ready
            | Self::Posting
            | Self::PostUnknown
            | Self::FencingRepost
            | Self::FencingRefund
            | Self::Reversing
            | Self::MktRefund
            | Self::RefundDue
            | Self::Held => false,
        }
    }

    /// The money counts against the home's arrears though marketing may not show it yet.
    #[must_use]
    pub const fn is_in_flight(self) -> bool {
        match self {
            Self::Ready
            | Self::Posting
            | Self::PostUnknown
            | Self::FencingRepost
            | Self::FencingRefund
            | Self::Held => true,
            Self::Posted | Self::Reversing | Self::MktRefund | Self::RefundDue | Self::Refunded => {
                false
            }
        }
    }
}
