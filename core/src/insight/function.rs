//! What a route is to the person who uses it. Statistics speak of functions, not of addresses: a
//! route that moves keeps its figures.

/// The groups of LN-03, and what belongs to none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    Payment,
    MyElectricity,
    PublicInformation,
    PowerService,
    SmartElectricity,
    /// Signing in, homes, consents: what the rest needs.
    Entry,
}

impl Group {
    pub const ALL: [Self; 6] = [
        Self::Payment,
        Self::MyElectricity,
        Self::PublicInformation,
        Self::PowerService,
        Self::SmartElectricity,
        Self::Entry,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::MyElectricity => "my_electricity",
            Self::PublicInformation => "public_information",
            Self::PowerService => "power_service",
            Self::SmartElectricity => "smart_electricity",
            Self::Entry => "entry",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.as_str() == text)
    }
}

/// One function. Its number stands in the rows and never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    pub number: i64,
    pub name: &'static str,
    pub group: Group,
    /// How the routes that are this function begin: method and path.
    routes: &'static [(&'static str, &'static str)],
}

impl PartialOrd for Function {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Function {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.cmp(&other.number)
    }
}

const fn function(
    number: i64,
    name: &'static str,
    group: Group,
    routes: &'static [(&'static str, &'static str)],
) -> Function {
    Function {
        number,
        name,
        group,
        routes,
    }
}

/// The step of the funnel at which somebody looked for their homes.
pub const MATCH: &str = "match";
pub const BIND: &str = "bind";
pub const PAY: &str = "pay";

/// Every function. Of the beginnings that fit a route the longest says whose it is, wherever it stands
/// here; the last function takes what no other took.
pub static FUNCTIONS: &[Function] = &[
    function(
        1,
        "sign_in",
        Group::Entry,
        &[("POST", "/v1/sessions"), ("POST", "/v1/oauth")],
    ),
    function(2, MATCH, Group::Entry, &[("POST", "/v1/binding-matches")]),
    function(3, BIND, Group::Entry, &[("POST", "/v1/bindings")]),
    function(
        4,
        "arrears",
        Group::Payment,
        &[("GET", "/v1/bindings/{binding_id}/arrears")],
    ),
    function(
        5,
        "balance",
        Group::Payment,
        &[("GET", "/v1/bindings/{binding_id}/balance")],
    ),
    function(
        6,
        "payment_records",
        Group::MyElectricity,
        &[
            ("GET", "/v1/bindings/{binding_id}/payments"),
            ("GET", "/v1/bindings/{binding_id}/receipts"),
        ],
    ),
    function(
        7,
        "bill",
        Group::MyElectricity,
        &[
            ("GET", "/v1/bindings/{binding_id}/bills"),
            ("POST", "/v1/bindings/{binding_id}/bills"),
        ],
    ),
    function(
        8,
        "usage",
        Group::MyElectricity,
        &[("GET", "/v1/bindings/{binding_id}/usage")],
    ),
    function(
        9,
        "estimate",
        Group::SmartElectricity,
        &[("GET", "/v1/bindings/{binding_id}/estimate")],
    ),
    function(
        10,
        "sharing",
        Group::Entry,
        &[
            ("GET", "/v1/bindings/{binding_id}/grants"),
            ("POST", "/v1/bindings/{binding_id}/grants"),
            ("DELETE", "/v1/bindings/{binding_id}/grants"),
            ("POST", "/v1/invitation-views"),
            ("POST", "/v1/invitation-acceptances"),
        ],
    ),
    function(
        11,
        "homes",
        Group::Entry,
        &[
            ("GET", "/v1/bindings"),
            ("PATCH", "/v1/bindings"),
            ("DELETE", "/v1/bindings"),
            ("POST", "/v1/bindings/{binding_id}/archive-filling"),
        ],
    ),
    function(
        12,
        PAY,
        Group::Payment,
        &[
            ("POST", "/v1/payments"),
            ("POST", "/v1/checkouts"),
            ("GET", "/v1/pay/"),
        ],
    ),
    function(
        13,
        "track_payment",
        Group::Payment,
        &[
            ("GET", "/v1/payments"),
            ("GET", "/v1/checkouts"),
            // Whoever may not pay may still take an open order back.
            ("POST", "/v1/payments/{payment_id}/close"),
        ],
    ),
    function(
        14,
        "auto_debit",
        Group::Payment,
        &[
            ("GET", "/v1/auto-debits"),
            ("POST", "/v1/auto-debits"),
            ("DELETE", "/v1/auto-debits"),
        ],
    ),
    function(
        15,
        "real_name",
        Group::PowerService,
        &[
            ("POST", "/v1/me/certifications"),
            ("GET", "/v1/me/certifications"),
            ("POST", "/v1/certifications"),
            ("GET", "/v1/certifications"),
        ],
    ),
    function(
        16,
        "profile",
        Group::Entry,
        &[
            ("GET", "/v1/me"),
            ("POST", "/v1/me"),
            ("PATCH", "/v1/me"),
            ("PUT", "/v1/me"),
            ("DELETE", "/v1/me"),
            ("POST", "/v1/otps"),
            // A code proves who is signed in already: it opens no session.
            ("POST", "/v1/sessions/current/step-up"),
            ("GET", "/v1/sessions"),
            ("DELETE", "/v1/sessions"),
        ],
    ),
    function(
        17,
        "messages",
        Group::MyElectricity,
        &[
            ("GET", "/v1/notices"),
            ("PATCH", "/v1/notices"),
            ("PUT", "/v1/notices"),
        ],
    ),
    function(
        18,
        "outlets",
        Group::PublicInformation,
        &[("GET", "/v1/outlets")],
    ),
    function(
        19,
        "outages",
        Group::PublicInformation,
        &[
            ("GET", "/v1/outages"),
            ("GET", "/v1/bindings/{binding_id}/outages"),
        ],
    ),
    function(
        20,
        "articles",
        Group::PublicInformation,
        &[("GET", "/v1/articles")],
    ),
    function(
        21,
        "app_store",
        Group::PublicInformation,
        &[("GET", "/v1/apps")],
    ),
    function(
        22,
        "requests",
        Group::PowerService,
        &[("GET", "/v1/requests"), ("POST", "/v1/requests")],
    ),
    function(
        23,
        "points",
        Group::PowerService,
        &[("GET", "/v1/points"), ("POST", "/v1/points")],
    ),
    function(
        24,
        "generation",
        Group::SmartElectricity,
        &[
            ("GET", "/v1/generation-accounts"),
            ("POST", "/v1/generation-accounts"),
            ("PUT", "/v1/generation-accounts"),
            ("GET", "/v1/check-tasks"),
            ("POST", "/v1/check-tasks"),
        ],
    ),
    function(
        25,
        "green_power",
        Group::SmartElectricity,
        &[("GET", "/v1/green"), ("POST", "/v1/green")],
    ),
    function(
        26,
        "dunning",
        Group::Payment,
        &[("GET", "/v1/dunning"), ("POST", "/v1/dunning")],
    ),
    function(99, "other", Group::Entry, &[]),
];

impl Function {
    /// The function of a route as it is registered.
    #[must_use]
    pub fn of(method: &str, route: &str) -> &'static Self {
        let of_each = FUNCTIONS
            .iter()
            .filter_map(|function| Some((function.fits(method, route)?, function)));
        let longest = of_each.max_by_key(|(length, _)| *length);
        longest.map_or(Self::other(), |(_, function)| function)
    }

    /// How long the longest of its beginnings is that fits a route.
    fn fits(&self, method: &str, route: &str) -> Option<usize> {
        let fitting = self.routes.iter().filter(|(how, begins)| {
            *how == method
                && route
                    .strip_prefix(begins)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '-', '{']))
        });
        fitting.map(|(_, begins)| begins.len()).max()
    }

    fn other() -> &'static Self {
        static OTHER: Function = function(99, "other", Group::Entry, &[]);
        &OTHER
    }

    #[must_use]
    pub fn numbered(number: i64) -> &'static Self {
        let found = FUNCTIONS.iter().find(|function| function.number == number);
        found.unwrap_or(Self::other())
    }

    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|function| function.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_31_numbers_and_names_are_one_functions() {
        for (at, one) in FUNCTIONS.iter().enumerate() {
            assert!(
                FUNCTIONS[at + 1..]
                    .iter()
                    .all(|two| one.number != two.number && one.name != two.name)
            );
            assert_eq!(Function::numbered(one.number), one);
            assert_eq!(Function::named(one.name), Some(one));
        }
    }

    #[test]
    fn ln_31_a_route_is_its_own_function() {
        for (method, route, name) in [
            ("GET", "/v1/bindings/{binding_id}/arrears", "arrears"),
            ("GET", "/v1/bindings/{binding_id}/bills/{period}", "bill"),
            ("GET", "/v1/bindings/{binding_id}", "homes"),
            ("POST", "/v1/bindings", "bind"),
            ("POST", "/v1/bindings/{binding_id}/grants", "sharing"),
            ("GET", "/v1/bindings/{binding_id}/outages", "outages"),
            ("POST", "/v1/binding-matches", "match"),
            ("POST", "/v1/payments", "pay"),
            ("GET", "/v1/payments/{payment_id}", "track_payment"),
            ("POST", "/v1/payments/{payment_id}/close", "track_payment"),
            ("POST", "/v1/sessions/current/step-up", "profile"),
            ("POST", "/v1/oauth-starts", "sign_in"),
            ("GET", "/v1/nothing-of-the-kind", "other"),
        ] {
            assert_eq!(Function::of(method, route).name, name, "{method} {route}");
        }
    }
}
