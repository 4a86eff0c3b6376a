//! What a person may do with a home, and how much a proof can open (money.md 3.2, 3.4).

/// How a person stands to a home. Ordered: more rights are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Amount due and own payments only.
    PayerOnly,
    /// Sees usage and bills by the holder's leave or the archived mobile.
    Authorised,
    /// The certified contract holder.
    Holder,
}

/// One thing a person may want to do with a linked home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// See what is due, and nothing of how it came about.
    SeeDue,
    /// Pay what is due, or top up.
    Pay,
    /// See the payments this person made.
    SeeOwnPayments,
    /// Name the link or end it.
    Manage,
    /// See balance, bills, readings and usage.
    SeeFigures,
    /// See category, tariff, meters and real-name state.
    SeeArchive,
    /// See who may use the home, let others in for a time, take it away again.
    Share,
}

impl Right {
    pub const ALL: [Self; 7] = [
        Self::SeeDue,
        Self::Pay,
        Self::SeeOwnPayments,
        Self::Manage,
        Self::SeeFigures,
        Self::SeeArchive,
        Self::Share,
    ];

    /// The least role that has the right.
    #[must_use]
    pub const fn least_role(self) -> Role {
        match self {
            Self::SeeDue | Self::Pay | Self::SeeOwnPayments | Self::Manage => Role::PayerOnly,
            Self::SeeFigures | Self::SeeArchive => Role::Authorised,
            Self::Share => Role::Holder,
        }
    }
}

impl Role {
    pub const ALL: [Self; 3] = [Self::PayerOnly, Self::Authorised, Self::Holder];

    #[must_use]
    pub fn may(self, right: Right) -> bool {
        self >= right.least_role()
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PayerOnly => "payer_only",
            Self::Authorised => "authorised",
            Self::Holder => "holder",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// What showed that a home is this person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// The archive matched the certified identity; `equal` when it says now that the certified ID
    /// number is the holder's.
    CertifiedId { equal: bool },
    /// The last six characters of the holder's ID number, which stand on any lease.
    IdLast6,
    /// A code to the archived mobile, which may be the former owner's; `named` when the certified
    /// full name went with it.
    ArchivedMobile { named: bool },
}

impl Shown {
    /// The most this proof can open, whatever the archive offers.
    #[must_use]
    pub const fn ceiling(self) -> Role {
        match self {
            Self::CertifiedId { equal: true } => Role::Holder,
            Self::CertifiedId { equal: false } | Self::ArchivedMobile { named: true } => {
                Role::Authorised
            }
            Self::IdLast6 | Self::ArchivedMobile { named: false } => Role::PayerOnly,
        }
    }

    /// The role a link gets: what the archive grants, cut to what the proof can carry.
    #[must_use]
    pub fn grants(self, archive: Role) -> Role {
        archive.min(self.ceiling())
    }

    /// For evidence and audit.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CertifiedId { .. } => "certified_id",
            Self::IdLast6 => "id_last6",
            Self::ArchivedMobile { .. } => "archived_mobile",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m3_4_a_payer_sees_the_amount_due_and_own_payments_only() {
        let allowed = |role: Role| {
            Right::ALL
                .into_iter()
                .filter(|right| role.may(*right))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            allowed(Role::PayerOnly),
            [
                Right::SeeDue,
                Right::Pay,
                Right::SeeOwnPayments,
                Right::Manage
            ]
        );
        let all_but_sharing: Vec<_> = Right::ALL
            .into_iter()
            .filter(|right| *right != Right::Share)
            .collect();
        assert_eq!(allowed(Role::Authorised), all_but_sharing);
        assert_eq!(allowed(Role::Holder), Right::ALL);
    }

    #[test]
    fn m3_2_a_proof_never_opens_more_than_it_carries() {
        let most = |shown: Shown| {
            Role::ALL
                .map(|archive| shown.grants(archive))
                .into_iter()
                .max()
        };
        assert_eq!(most(Shown::IdLast6), Some(Role::PayerOnly));
        assert_eq!(
            most(Shown::ArchivedMobile { named: false }),
            Some(Role::PayerOnly)
        );
        assert_eq!(
            most(Shown::ArchivedMobile { named: true }),
            Some(Role::Authorised)
        );
        assert_eq!(
            most(Shown::CertifiedId { equal: false }),
            Some(Role::Authorised)
        );
        assert_eq!(most(Shown::CertifiedId { equal: true }), Some(Role::Holder));
        for shown in [
            Shown::IdLast6,
            Shown::ArchivedMobile { named: true },
            Shown::CertifiedId { equal: true },
        ] {
            for archive in Role::ALL {
                assert!(
                    shown.grants(archive) <= archive,
                    "the archive's word is the other limit"
                );
            }
        }
    }

    #[test]
    fn words_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("owner"), None);
    }
}
