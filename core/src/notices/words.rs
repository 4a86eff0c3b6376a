//! The words of a notice, zh-CN, made from its kind and facts when somebody reads it. The figures
//! of the inbox and of the SMS come from the same facts, so they agree to the fen.

use super::notice::{Kind, Receipt};
use crate::shared::time::Time;

/// A notice as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub title: &'static str,
    pub body: String,
}

impl Words {
    #[must_use]
    pub fn of(kind: Kind, receipt: &Receipt) -> Self {
        let tail = &receipt.consumer_tail;
        let yuan = receipt.amount_fen.yuan();
        let moment = moment(receipt.happened_at);
        match kind {
            Kind::Credited => Self {
                title: "电费已入账",
                body: format!("您为尾号 {tail} 的户号缴纳的 {yuan} 元已于{moment}入账。"),
            },
            Kind::Refunded => Self {
                title: "退款已完成",
                body: format!(
                    "您为尾号 {tail} 的户号支付的 {yuan} 元已于{moment}原路退回。\
                     如仍有应交电费，首页会显示。"
                ),
            },
        }
    }
}

/// A template registered at the SMS platform (docs/contracts/sms.md) and what fills it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub id: &'static str,
    pub params: Vec<(&'static str, String)>,
}

impl Template {
    #[must_use]
    pub fn of(kind: Kind, receipt: &Receipt) -> Self {
        let id = match kind {
            Kind::Credited => "LL_CREDITED",
            Kind::Refunded => "LL_REFUNDED",
        };
        let params = vec![
            ("tail", receipt.consumer_tail.clone()),
            ("yuan", receipt.amount_fen.yuan()),
            ("date", day(receipt.happened_at)),
        ];
        Self { id, params }
    }
}

/// `11月5日`
fn day(at: Time) -> String {
    let date = at.shanghai_date();
    let mut parts = date
        .split('-')
        .skip(1)
        .map(|part| part.trim_start_matches('0'));
    let (month, day) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    format!("{month}月{day}日")
}

/// ` 2026年11月5日 10:01 `, with the blanks that set figures off from Chinese text.
fn moment(at: Time) -> String {
    let text = at.alipay_text();
    let year = text.split('-').next().unwrap_or_default();
    let clock = text
        .split(' ')
        .nth(1)
        .and_then(|clock| clock.get(..5))
        .unwrap_or_default();
    format!(" {year}年{} {clock} ", day(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::money::Fen;
    use proptest::prelude::*;

    fn receipt(fen: i64, at: &str) -> Receipt {
        Receipt {
            consumer_tail: "0017".into(),
            amount_fen: Fen::new(fen),
            happened_at: Time::parse_rfc3339(at).unwrap(),
        }
    }

    #[test]
    fn the_inbox_says_what_where_how_much_and_when() {
        let receipt = receipt(8_520, "2026-11-05T10:01:59+08:00");
        assert_eq!(
            Words::of(Kind::Credited, &receipt),
            Words {
                title: "电费已入账",
                body: "您为尾号 0017 的户号缴纳的 85.20 元已于 2026年11月5日 10:01 入账。".into(),
            }
        );
        assert_eq!(
            Words::of(Kind::Refunded, &receipt),
            Words {
                title: "退款已完成",
                body: "您为尾号 0017 的户号支付的 85.20 元已于 2026年11月5日 10:01 原路退回。\
                       如仍有应交电费，首页会显示。"
                    .into(),
            }
        );
    }

    #[test]
    fn the_day_is_the_day_of_shanghai() {
        let late = receipt(1, "2026-12-31T16:00:00Z");
        assert!(
            Words::of(Kind::Credited, &late)
                .body
                .contains("2027年1月1日 00:00")
        );
        let params = Template::of(Kind::Refunded, &late).params;
        assert_eq!(params.last(), Some(&("date", "1月1日".to_owned())));
    }

    #[test]
    fn the_templates_are_the_registered_ones() {
        let receipt = receipt(8_520, "2026-11-20T10:01:02+08:00");
        let filled = [("tail", "0017"), ("yuan", "85.20"), ("date", "11月20日")];
        for (kind, id) in [
            (Kind::Credited, "LL_CREDITED"),
            (Kind::Refunded, "LL_REFUNDED"),
        ] {
            let template = Template::of(kind, &receipt);
            let params: Vec<_> = template
                .params
                .iter()
                .map(|(name, text)| (*name, text.as_str()))
                .collect();
            assert_eq!((template.id, params), (id, filled.to_vec()));
        }
    }

    proptest! {
        /// Whatever the amount, inbox and SMS print the same one, and it reads back to the fen.
        #[test]
        fn both_print_the_amount_to_the_fen(fen in 1_i64..=i64::MAX / 1_000) {
            let receipt = receipt(fen, "2026-11-20T10:01:02+08:00");
            for kind in Kind::ALL {
                let template = Template::of(kind, &receipt);
                let yuan = &template.params.iter().find(|(name, _)| *name == "yuan").unwrap().1;
                prop_assert_eq!(Fen::parse_yuan(yuan).unwrap(), Fen::new(fen));
                let shown = format!(" {} 元", yuan);
                prop_assert!(Words::of(kind, &receipt).body.contains(&shown));
            }
        }
    }
}
