//! Whether the systems outside are reached from this machine: a connection with its TLS, and any answer at all. Whether one
//! also does what it is asked shows in `/readyz` of a node that runs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lifeline_adapters::wire::{Address, Via, reached};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Clock;

use super::{Finding, finding};
use crate::config::Config;
use crate::system::SystemClock;

/// What one may take; all are asked at once.
const REACH_TIME_MAX: Duration = Duration::from_secs(4);

/// Where one system listens, by the name of the setting that says so.
struct Way {
    check: &'static str,
    system: &'static str,
    setting: &'static str,
    url: String,
    via: Option<Via>,
}

fn ways(config: &Config) -> Vec<Way> {
    let way = |check, system, setting, url: &str, via| Way {
        check,
        system,
        setting,
        url: url.to_owned(),
        via,
    };
    // A proxy that cannot be read is a fault of the configuration, and told as one.
    let proxy = config.alipay.via().ok().flatten();
    let line = |check, system, setting, url| way(check, system, setting, url, None);
    vec![
        way(
            "way to Alipay",
            "alipay",
            "alipay.gateway_url",
            &config.alipay.gateway_url,
            proxy,
        ),
        line(
            "way to marketing",
            "marketing",
            "marketing.base_url",
            &config.marketing.base_url,
        ),
        line("way to SMS", "sms", "sms.base_url", &config.sms.base_url),
        line(
            "way to the user system",
            "user_system",
            "user_system.base_url",
            &config.user_system.base_url,
        ),
        line(
            "way to generation",
            "generation",
            "generation.base_url",
            &config.generation.base_url,
        ),
        line(
            "way to the exchange",
            "exchange",
            "exchange.base_url",
            &config.exchange.base_url,
        ),
    ]
}

/// One finding for each system. An address that is none is a fault of the configuration, and told as one.
pub(super) async fn findings(config: &Config) -> Vec<Finding> {
    let ways = ways(config);
    let asked = ways.iter().map(|way| async move {
        let address = Address::parse(&way.url, false).ok()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let via = way.via.as_ref();
        let went = reached(way.system, &address, via, REACH_TIME_MAX, clock).await;
        Some(told(way, went.err()))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

fn told(way: &Way, unreached: Option<NoAnswer>) -> Finding {
    finding(way.check, unreached.is_none(), || {
        let why = match &unreached {
            Some(NoAnswer::NotSent("no_connection")) => "no connection, or no TLS with it",
            Some(NoAnswer::Unknown("time_out")) => "no answer within 4 s",
            Some(NoAnswer::NotSent("no_certificates")) => "this machine has no usable certificates",
            Some(_) | None => "the connection was lost",
        };
        let setting = way.setting;
        let through = match &way.via {
            Some(_) => ", through alipay.proxy",
            None => "",
        };
        let what = format!(
            "check {setting}, that this machine resolves its name and may go there (curl -I){through}, and that its certificate is believed here"
        );
        (format!("{setting}: {why}"), what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_that_leads_nowhere_is_told_by_its_setting() {
        let way = |via: Option<&str>| Way {
            check: "way to Alipay",
            system: "alipay",
            setting: "alipay.gateway_url",
            url: "https://openapi.alipay.com/gateway.do".to_owned(),
            via: via.map(|url| Via::parse(url).unwrap()),
        };
        assert!(told(&way(None), None).ok);
        let late = told(&way(None), Some(NoAnswer::Unknown("time_out")));
        assert!(!late.ok && late.state.contains("within 4 s"), "{late:?}");
        let none = Some(NoAnswer::NotSent("no_connection"));
        let proxied = told(&way(Some("http://10.0.0.7:3128")), none);
        assert!(
            proxied
                .state
                .starts_with("alipay.gateway_url: no connection")
        );
        assert!(proxied.what_to_do.contains("alipay.proxy"), "{proxied:?}");
        assert!(!proxied.what_to_do.contains("10.0.0.7"), "{proxied:?}");
    }
}
