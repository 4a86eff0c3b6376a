//! What is limited, by what, and how much: defaults from the published limits of a utility that is
//! paid through banks and Alipay (10 queries and 5 payments a minute for one customer, 500 payments
//! a minute for one institution), and for the rest from what one household can do by hand.
//!
//! Of the same publication (domain.md 4.1) two are not here. Its 1,000 queries a minute for one institution bound what
//! reaches the utility: here most figures are answered from memory, and all households of a utility come by one line. Its
//! limits of reversals bound a call that nobody outside can make: here a payment is taken back by two of the staff.
//!
//! `channel` is all of the line together, as one institution is to the utility, and not what a client says it is: whoever
//! says something else would have a budget more. A home counts by the name that its owner's client knows, so that nobody
//! who is linked to it uses up what another may pay.
//!
//! `phone` is no key here. Who asks for a code counts by address and account, and with all of the line. What reaches one
//! phone is counted in the store with the code that leaves, where what anybody can cause is apart from what its owner does
//! and a restart forgets nothing (`lifeline_core::accounts::attempts`). A key here would know neither: strangers who type a
//! number would use up its owner's share, and a refusal would say that somebody else asked for that phone, where now the
//! answer is the same for any.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::Method;
use lifeline_core::shared::gcra::Quota;
pub use lifeline_core::shared::place::{around, network, subscriber};
use smallvec::SmallVec;

use super::fill::Named;

/// What a request does, as far as limits are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Signing in and staying signed in.
    SignIn,
    /// One figure of one home.
    Query,
    /// Orders and checkouts.
    Pay,
    /// Asking for a one-time code.
    Code,
    /// Proving who one is and which home is one's own.
    Identify,
    /// What is known of a person, taken along or erased.
    Rights,
    Other,
}

impl Function {
    pub const ALL: [Self; 7] = [
        Self::SignIn,
        Self::Query,
        Self::Pay,
        Self::Code,
        Self::Identify,
        Self::Rights,
        Self::Other,
    ];

    /// The function of a route, by its method and template.
    #[must_use]
    pub fn of(method: &Method, pattern: &str) -> Self {
        let path = pattern.strip_prefix("/v1/").unwrap_or(pattern);
        let (room, rest) = path.split_once('/').unwrap_or((path, ""));
        let reads = method == Method::GET;
        match room {
            "sessions" if !reads => Self::SignIn,
            "oauth-starts" => Self::SignIn,
            "otps" => Self::Code,
            "payments" | "checkouts" | "auto-debits" if !reads => Self::Pay,
            "binding-matches" => Self::Identify,
            "bindings" if reads && rest.contains('/') => Self::Query,
            "bindings" if method == Method::POST && rest.is_empty() => Self::Identify,
            // A password is hashed there, and tried for by a code.
            "generation-accounts" if rest.ends_with("/password") => Self::SignIn,
            "me" => match rest {
                "password" => Self::SignIn,
                _ if rest.starts_with("certification") || rest.starts_with("phone") => {
                    Self::Identify
                }
                _ if rest.starts_with("export") || rest.starts_with("erasure") => Self::Rights,
                "" if method == Method::DELETE => Self::Rights,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Query => "query",
            Self::Pay => "pay",
            Self::Code => "code",
            Self::Identify => "identify",
            Self::Rights => "rights",
            Self::Other => "other",
        }
    }

    /// What one request weighs against its person's and network's budget: dear ones count more.
    const fn weight(self) -> u32 {
        match self {
            Self::Query | Self::Other => 1,
            Self::SignIn | Self::Pay => 2,
            Self::Code | Self::Identify => 4,
            Self::Rights => 8,
        }
    }

    /// Per minute and subject: (address, account, home, all of us).
    const fn per_minute(self) -> [u32; 4] {
        match self {
            Self::SignIn => [30, 20, 0, 0],
            Self::Query => [0, 0, 10, 0],
            Self::Pay => [0, 10, 5, 500],
            Self::Code => [20, 6, 0, 500],
            Self::Identify => [40, 12, 0, 1_000],
            Self::Rights => [20, 6, 0, 0],
            Self::Other => [0, 0, 0, 0],
        }
    }
}

/// Requests per minute, as bursts that refill evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    pub per_address_minute: NonZeroU32,
    /// Of a /24, or of the /48 around an IPv6 subscriber.
    pub per_network_minute: NonZeroU32,
    pub per_account_minute: NonZeroU32,
    /// Scales what single functions may be asked: 100 is the table of [`Function`].
    pub functions_percent: NonZeroU32,
    /// How many nodes share the limits: each one's part when it cannot ask.
    pub nodes: NonZeroU32,
}

/// Whom a request comes from and what it is about, as far as is known when it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    pub address: IpAddr,
    pub account: Option<&'a str>,
    /// The home as its owner's client knows it.
    pub home: Option<&'a str>,
    /// The route's template: each figure of a home counts by itself.
    pub figure: &'static str,
}

/// Whom or what a limit counts. A place is written out only where another node is asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject<'a> {
    Named(&'a str),
    /// As [`subscriber`] says.
    Subscriber(IpAddr),
    /// As [`around`] says.
    Network(IpAddr),
}

impl<'a> From<&'a str> for Subject<'a> {
    fn from(name: &'a str) -> Self {
        Self::Named(name)
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Subscriber(address) => write!(f, "{address}"),
            Self::Network(first) => f.write_str(&network(*first)),
        }
    }
}

/// One limit that applies to a request: the same subject under two names, or for two functions, is two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule<'a> {
    /// What kind of key it is.
    pub name: &'static str,
    /// What tells apart the functions that count by themselves; often empty.
    pub function: &'static str,
    pub subject: Subject<'a>,
    pub quota: Quota,
    pub cost: u32,
}

/// The limits of one request: seldom more than these, and then allocated.
pub type Rules<'a> = SmallVec<[Rule<'a>; 6]>;

impl Quotas {
    /// All limits a request is held to after its address was: at most [`super::table::KEYS_MAX`].
    #[must_use]
    pub fn rules<'a>(&self, function: Function, asker: &Asker<'a>) -> Rules<'a> {
        let mut rules = Rules::new();
        let mut add = |name, function, subject: Subject<'a>, quota: Option<Quota>, cost| {
            if let Some(quota) = quota {
                rules.push(Rule {
                    name,
                    function,
                    subject,
                    quota,
                    cost,
                });
            }
        };
        let whole = |n| Some(Quota::per_minute(n));
        let weight = function.weight();
        let of_account = asker.account.map(Subject::Named);
        if let Some(account) = of_account {
            let quota = whole(self.per_account_minute);
            add("account", "", account, quota, weight);
        }
        let network = Subject::Network(around(asker.address));
        let quota = whole(self.per_network_minute);
        add("network", "", network, quota, weight);
        let [by_address, by_account, by_home, by_all] =
            function.per_minute().map(|most| self.scaled(most));
        let named = function.as_str();
        if by_address.is_some() {
            let address = Subject::Subscriber(subscriber(asker.address));
            add("address_function", named, address, by_address, 1);
        }
        if let Some(account) = of_account {
            add("account_function", named, account, by_account, 1);
        }
        if let Some(home) = asker.home {
            let of = if function == Function::Query {
                asker.figure
            } else {
                named
            };
            add("home", of, Subject::Named(home), by_home, 1);
        }
        add("channel", named, Subject::Named("line"), by_all, 1);
        rules
    }

    /// The limit of each home that a request is about, where only its body names them.
    #[must_use]
    pub fn of_homes<'a>(
        &self,
        function: Function,
        homes: impl Iterator<Item = &'a str>,
    ) -> Rules<'a> {
        let [_, _, by_home, _] = function.per_minute();
        let Some(quota) = self.scaled(by_home) else {
            return Rules::new();
        };
        let rule = |home: &'a str| Rule {
            name: "home",
            function: function.as_str(),
            subject: Subject::Named(home),
            quota,
            cost: 1,
        };
        homes.map(rule).collect()
    }

    /// Every limit there is, by its name; a home's figures count each by itself and are named when
    /// somebody asks for one.
    #[must_use]
    pub fn all(&self) -> Vec<(Named, Quota)> {
        let somebody = Asker {
            address: IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
            account: Some(""),
            home: Some(""),
            figure: Function::Query.as_str(),
        };
        let of = |function| self.rules(function, &somebody);
        let rules = Function::ALL.into_iter().flat_map(of);
        rules
            .map(|rule| ((rule.name, rule.function), rule.quota))
            .collect()
    }

    fn scaled(&self, per_minute: u32) -> Option<Quota> {
        let scaled = u64::from(per_minute)
            .saturating_mul(u64::from(self.functions_percent.get()))
            .checked_div(100)?;
        let burst = u32::try_from(scaled).unwrap_or(u32::MAX);
        // Nothing in the table is no limit; a share too small to be one is the smallest.
        let burst = NonZeroU32::new(burst.max(u32::from(per_minute > 0)))?;
        Some(Quota::per(burst, Duration::from_secs(60)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listeners::line;

    fn n(value: u32) -> NonZeroU32 {
        NonZeroU32::new(value).unwrap()
    }

    fn quotas() -> Quotas {
        Quotas {
            per_address_minute: n(600),
            per_network_minute: n(6_000),
            per_account_minute: n(240),
            functions_percent: n(100),
            nodes: n(1),
        }
    }

    fn named(function: Function, quotas: &Quotas) -> Vec<(&'static str, u32, u32)> {
        let asker = Asker {
            address: "192.0.2.9".parse().unwrap(),
            account: Some("somebody"),
            home: Some("home"),
            figure: "/v1/bindings/{binding_id}/arrears",
        };
        let rules = quotas.rules(function, &asker);
        assert!(rules.len() <= super::super::table::KEYS_MAX);
        rules
            .iter()
            .map(|r| (r.name, r.quota.burst(), r.cost))
            .collect()
    }

    #[test]
    fn of_the_published_limits_those_of_a_customer_and_of_all_payments_are_ours() {
        let query = named(Function::Query, &quotas());
        assert!(query.contains(&("home", 10, 1)), "{query:?}");
        let of_all = query.iter().any(|rule| rule.0 == "channel");
        assert!(!of_all, "figures are bound by home and person: {query:?}");
        let pay = named(Function::Pay, &quotas());
        assert!(
            pay.contains(&("home", 5, 1)) && pay.contains(&("channel", 500, 1)),
            "{pay:?}"
        );
        assert!(pay.contains(&("account", 240, 2)), "{pay:?}");
    }

    #[test]
    fn every_route_has_its_function_and_dear_ones_are_not_other() {
        for entry in line::table() {
            let function = Function::of(&entry.method, entry.path);
            let money = ["/v1/payments", "/v1/checkouts"].contains(&entry.path);
            assert!(entry.method != Method::POST || !money || function == Function::Pay);
        }
        let of = |method, path| Function::of(&method, path);
        assert_eq!(
            of(Method::GET, "/v1/bindings/{binding_id}/arrears"),
            Function::Query
        );
        assert_eq!(
            of(Method::GET, "/v1/bindings/{binding_id}"),
            Function::Other
        );
        assert_eq!(of(Method::POST, "/v1/bindings"), Function::Identify);
        assert_eq!(of(Method::POST, "/v1/otps"), Function::Code);
        assert_eq!(of(Method::POST, "/v1/sessions"), Function::SignIn);
        assert_eq!(
            of(Method::GET, "/v1/payments/{payment_id}"),
            Function::Other
        );
        assert_eq!(of(Method::DELETE, "/v1/me"), Function::Rights);
    }

    #[test]
    fn functions_scale_and_never_vanish() {
        let wide = Quotas {
            functions_percent: n(2_000),
            ..quotas()
        };
        assert!(named(Function::Pay, &wide).contains(&("home", 100, 1)));
        let narrow = Quotas {
            functions_percent: n(1),
            ..quotas()
        };
        assert!(named(Function::Pay, &narrow).contains(&("home", 1, 1)));
        assert!(
            !named(Function::Other, &narrow)
                .iter()
                .any(|r| r.0 == "channel")
        );
    }
}
