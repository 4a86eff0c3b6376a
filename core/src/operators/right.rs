//! Roles, and what each of them may do: one table, read by every page and every use case.

/// What a person at the console may do. A page or an act asks for exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// What needs a person today, the lights.
    Overview,
    /// Figures of use; never rows about single people.
    ReadStatistics,
    /// Take figures out of the console.
    ExportStatistics,
    ReadCases,
    /// Take a case and propose how it ends.
    ProposeDecision,
    /// Let another person's proposal happen.
    ApproveDecision,
    ReadPayments,
    /// The line of time of a person, a home, a payment.
    ReadTimeline,
    ReadCustomers,
    /// See what is masked, for a reason.
    Unmask,
    /// Propose that functions are opened to a person or suspended, and that a user is opened.
    ServeCustomers,
    /// Let another person's proposal about a customer happen.
    ApproveService,
    ReadContent,
    WriteContent,
    /// Put what another person wrote before the public.
    PublishContent,
    ReadRequests,
    WorkRequests,
    /// Channels, terminal kinds, points: rows that steer the product.
    ManageCatalogue,
    ReadSystem,
    /// Let a timed task run now, release what stands still.
    RunSystem,
    ReadAudit,
    ManageStaff,
}

impl Right {
    pub const ALL: [Self; 22] = [
        Self::Overview,
        Self::ReadStatistics,
        Self::ExportStatistics,
        Self::ReadCases,
        Self::ProposeDecision,
        Self::ApproveDecision,
        Self::ReadPayments,
        Self::ReadTimeline,
        Self::ReadCustomers,
        Self::Unmask,
        Self::ServeCustomers,
        Self::ApproveService,
        Self::ReadContent,
        Self::WriteContent,
        Self::PublishContent,
        Self::ReadRequests,
        Self::WorkRequests,
        Self::ManageCatalogue,
        Self::ReadSystem,
        Self::RunSystem,
        Self::ReadAudit,
        Self::ManageStaff,
    ];
}

/// What somebody is at the console. One role a person: two hats are two logins, so that four eyes
/// are two people's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    StatisticsReader,
    Support,
    Publisher,
    Finance,
    Reviewer,
    Admin,
    Auditor,
}

impl Role {
    pub const ALL: [Self; 7] = [
        Self::StatisticsReader,
        Self::Support,
        Self::Publisher,
        Self::Finance,
        Self::Reviewer,
        Self::Admin,
        Self::Auditor,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StatisticsReader => "statistics_reader",
            Self::Support => "support",
            Self::Publisher => "publisher",
            Self::Finance => "finance",
            Self::Reviewer => "reviewer",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether this role may do it. Nobody may everything: who administers the staff moves no money,
    /// and who proposes approves only what others proposed.
    #[must_use]
    pub const fn may(self, right: Right) -> bool {
        use Right as R;
        match right {
            R::Overview => true,
            R::ReadStatistics => !matches!(self, Self::Publisher),
            R::ExportStatistics => {
                matches!(self, Self::StatisticsReader | Self::Finance | Self::Admin)
            }
            R::ReadCases => matches!(
                self,
                Self::Support | Self::Finance | Self::Reviewer | Self::Auditor
            ),
            R::ProposeDecision => matches!(self, Self::Support | Self::Finance),
            R::ApproveDecision => matches!(self, Self::Finance | Self::Reviewer),
            R::ReadPayments => matches!(
                self,
                Self::Support | Self::Finance | Self::Reviewer | Self::Auditor
            ),
            R::ReadTimeline => matches!(
                self,
                Self::Support | Self::Finance | Self::Reviewer | Self::Auditor
            ),
            R::ReadCustomers => matches!(self, Self::Support | Self::Reviewer | Self::Auditor),
            R::Unmask => matches!(self, Self::Support),
            // Support approves what a colleague proposed, never what they did themselves.
            R::ServeCustomers => matches!(self, Self::Support),
            R::ApproveService => matches!(self, Self::Support | Self::Reviewer),
            R::ReadContent => matches!(
                self,
                Self::Publisher | Self::Reviewer | Self::Support | Self::Auditor
            ),
            R::WriteContent => matches!(self, Self::Publisher),
            R::PublishContent => matches!(self, Self::Publisher | Self::Reviewer),
            R::ReadRequests => matches!(self, Self::Support | Self::Reviewer | Self::Auditor),
            R::WorkRequests => matches!(self, Self::Support),
            R::ManageCatalogue => matches!(self, Self::Admin),
            R::ReadSystem => matches!(self, Self::Admin | Self::Auditor | Self::Support),
            R::RunSystem | R::ManageStaff => matches!(self, Self::Admin),
            R::ReadAudit => matches!(self, Self::Auditor | Self::Admin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_55_nobody_may_everything_and_everything_is_somebodys() {
        for right in Right::ALL {
            assert!(Role::ALL.iter().any(|role| role.may(right)), "{right:?}");
        }
        for role in Role::ALL {
            assert!(Right::ALL.iter().any(|right| !role.may(*right)), "{role:?}");
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert!(!Role::Admin.may(Right::ApproveDecision) && !Role::Auditor.may(Right::RunSystem));
    }

    #[test]
    fn c10_who_reads_statistics_has_no_right_to_anything_about_one_person() {
        let rights = Right::ALL.into_iter();
        let may: Vec<Right> = rights
            .filter(|right| Role::StatisticsReader.may(*right))
            .collect();
        assert_eq!(
            may,
            [
                Right::Overview,
                Right::ReadStatistics,
                Right::ExportStatistics
            ]
        );
    }
}
