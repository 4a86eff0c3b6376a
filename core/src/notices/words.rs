//! The words of a notice, zh-CN, made from its kind and facts when somebody reads it. The figures
//! of the inbox and of the SMS come from the same facts, so they agree to the fen.

use super::notice::{Receipt, Standing, Told};
use super::{money_words, sold_words};
use crate::shared::time::Time;

/// A notice as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub title: &'static str,
    pub body: String,
}

impl Words {
    #[must_use]
    pub fn of(told: &Told) -> Self {
        match told {
            Told::Credited(receipt) => money_words::credited(receipt),
            Told::Refunded(receipt) => money_words::refunded(receipt),
            Told::RefundLate(receipt) => money_words::refund_late(receipt),
            Told::SharingAccepted(standing) => AtHome::of(standing).sharing_accepted(),
            Told::SharingOver(standing) => AtHome::of(standing).sharing_over(),
            Told::AccessOver(standing) => AtHome::of(standing).access_over(),
            Told::AccessTaken(standing) => AtHome::of(standing).access_taken(),
            Told::HolderChanged(standing) => AtHome::of(standing).holder_changed(),
            Told::HolderDisputed(standing) => AtHome::of(standing).holder_disputed(),
            Told::DataExported(own) => Self {
                title: "个人信息已导出",
                body: format!(
                    "您的全部个人信息已于{}导出。如非本人操作，请立即退出其他设备并拨打 95598。",
                    moment(own.happened_at)
                ),
            },
            Told::ErasureAsked(own) => Self {
                title: "已申请注销",
                body: format!(
                    "您已于{}申请注销并删除个人信息，将于{}执行，在此之前可随时撤回。\
                     如非本人操作，请立即打开小程序撤回。",
                    moment(own.happened_at),
                    moment(own.due_at.unwrap_or(own.happened_at))
                ),
            },
            Told::ErasureWithdrawn(own) => Self {
                title: "已撤回注销申请",
                body: format!(
                    "您的注销申请已于{}撤回，一切照旧。",
                    moment(own.happened_at)
                ),
            },
            Told::ErasureLate(own) => Self {
                title: "注销申请尚未完成",
                body: format!(
                    "您于{}申请的注销尚未执行：还有资金在途，或光伏合作尚未结束。工作人员已在处理，完成后自动注销。",
                    moment(own.happened_at)
                ),
            },
            Told::RequestMoved(progress) => super::service_words::of_request(progress),
            Told::FunctionMoved(moved) => super::service_words::of_function(moved),
            Told::BillMoved(moved) => super::service_words::of_bill(moved),
            Told::CheckTask(sold)
            | Told::CheckReminder(sold)
            | Told::ReviewUpheld(sold)
            | Told::ReviewCorrected(sold)
            | Told::PaidOut(sold)
            | Told::PayoutReturned(sold)
            | Told::PayoutRefused(sold) => sold_words::of(told, sold),
            Told::PayeeChanged(own) => sold_words::payee_changed(own),
        }
    }
}

/// The facts of who may use a home, as the sentences take them.
struct AtHome<'a> {
    tail: &'a str,
    person: String,
    moment: String,
}

impl<'a> AtHome<'a> {
    fn of(standing: &'a Standing) -> Self {
        Self {
            tail: &standing.consumer_tail,
            person: match &standing.person_masked {
                Some(name) => format!(" {name} "),
                None => "对方".to_owned(),
            },
            moment: moment(standing.happened_at),
        }
    }

    fn sharing_accepted(&self) -> Words {
        let Self {
            tail,
            person,
            moment,
        } = self;
        Words {
            title: "共享邀请已被接受",
            body: format!(
                "您对尾号 {tail} 户号的共享邀请已于{moment}被{person}接受。\
                 您可随时在该住址的共享页面查看或收回。"
            ),
        }
    }

    fn sharing_over(&self) -> Words {
        let Self {
            tail,
            person,
            moment,
        } = self;
        Words {
            title: "共享已到期",
            body: format!("您给{person}的尾号 {tail} 户号的共享已于{moment}到期。"),
        }
    }

    fn access_over(&self) -> Words {
        let Self { tail, moment, .. } = self;
        Words {
            title: "使用权限已到期",
            body: format!(
                "户主共享给您的尾号 {tail} 户号的权限已于{moment}到期。如需继续，请户主重新邀请。"
            ),
        }
    }

    fn access_taken(&self) -> Words {
        let Self { tail, moment, .. } = self;
        Words {
            title: "使用权限已被收回",
            body: format!("尾号 {tail} 户号的户主已于{moment}收回您的权限。"),
        }
    }

    fn holder_changed(&self) -> Words {
        let Self { tail, moment, .. } = self;
        Words {
            title: "户主已变更",
            body: format!(
                "我们于{moment}获知尾号 {tail} 的户号已变更户主。\
                 您现在只能查看应交金额和自己的缴费；如您是新户主，请重新认证。"
            ),
        }
    }

    fn holder_disputed(&self) -> Words {
        let Self { tail, moment, .. } = self;
        Words {
            title: "户主身份待核实",
            body: format!(
                "尾号 {tail} 的户号于{moment}有两位实名用户认证为户主。\
                 工作人员核实之前，双方都只能查看应交金额并缴费。"
            ),
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
    /// To the phone the archive of a home held before the certified holder offered values to it.
    pub(super) fn archive_offered(tail: String, happened_at: Time) -> Self {
        Self {
            id: "LL_ARCHIVE_OFFERED",
            params: vec![("tail", tail), ("date", day(happened_at))],
        }
    }

    /// What says no more than the day it happened on: all that goes to a phone about its account.
    pub(super) fn dated(id: &'static str, happened_at: Time) -> Self {
        Self {
            id,
            params: vec![("date", day(happened_at))],
        }
    }

    /// None for what can wait until the person opens the app: an access that ends at midnight wakes
    /// nobody.
    #[must_use]
    pub fn of(told: &Told) -> Option<Self> {
        let of_money = |id, receipt: &Receipt| Self {
            id,
            params: vec![
                ("tail", receipt.consumer_tail.clone()),
                ("yuan", receipt.amount_fen.yuan()),
                ("date", day(receipt.happened_at)),
            ],
        };
        let of_home = |id, standing: &Standing| Self {
            id,
            params: vec![
                ("tail", standing.consumer_tail.clone()),
                ("date", day(standing.happened_at)),
            ],
        };
        match told {
            Told::DataExported(own) => Some(Self::dated("LL_DATA_EXPORTED", own.happened_at)),
            Told::ErasureAsked(own) => Some(Self::dated(
                "LL_ERASURE_ASKED",
                own.due_at.unwrap_or(own.happened_at),
            )),
            Told::ErasureWithdrawn(own) => Some(Self::dated("LL_ERASURE_WITHDRAWN", own.happened_at)),
            Told::ErasureLate(own) => Some(Self::dated("LL_ERASURE_LATE", own.happened_at)),
            Told::Credited(receipt) => Some(of_money("LL_CREDITED", receipt)),
            Told::Refunded(receipt) => Some(of_money("LL_REFUNDED", receipt)),
            Told::RefundLate(receipt) => Some(of_money("LL_REFUND_LATE", receipt)),
            Told::SharingAccepted(standing) => Some(of_home("LL_SHARING_ACCEPTED", standing)),
            Told::HolderChanged(standing) => Some(of_home("LL_HOLDER_CHANGED", standing)),
            Told::HolderDisputed(standing) => Some(of_home("LL_HOLDER_DISPUTED", standing)),
            Told::SharingOver(_)
            | Told::AccessOver(_)
            | Told::AccessTaken(_)
            | Told::RequestMoved(_)
            | Told::FunctionMoved(_)
            | Told::BillMoved(_)
            // A correction comes with a task of its own, and that is texted.
            | Told::ReviewUpheld(_)
            | Told::ReviewCorrected(_) => None,
            Told::CheckTask(sold) => Some(sold_words::template("LL_CHECK_TASK", sold)),
            Told::CheckReminder(sold) => Some(sold_words::template("LL_CHECK_REMINDER", sold)),
            Told::PaidOut(sold) => Some(sold_words::template("LL_PAID_OUT", sold)),
            Told::PayoutReturned(sold) => Some(sold_words::template("LL_PAYOUT_RETURNED", sold)),
            Told::PayoutRefused(sold) => Some(sold_words::template("LL_PAYOUT_REFUSED", sold)),
            Told::PayeeChanged(own) => Some(Self::dated("LL_PAYEE_CHANGED", own.happened_at)),
        }
    }
}

/// `11月5日`
pub(super) fn day(at: Time) -> String {
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
pub(super) fn moment(at: Time) -> String {
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
    use super::super::moved::{
        Asked, BillMove, BillState, Function, FunctionMove, FunctionState, Progress, Reached,
    };
    use super::super::notice::{Kind, OwnData};
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

    fn told(kind: Kind) -> Told {
        let standing = Standing {
            consumer_tail: "0017".into(),
            person_masked: Some("*芳".into()),
            happened_at: Time::parse_rfc3339("2026-11-05T10:01:59+08:00").unwrap(),
        };
        let facts = match kind {
            Kind::Credited | Kind::Refunded | Kind::RefundLate => {
                Told::Credited(receipt(8_520, "2026-11-05T10:01:59+08:00")).facts()
            }
            kind if kind.is_alarm() => Told::ErasureAsked(OwnData {
                happened_at: standing.happened_at,
                due_at: Some(Time::parse_rfc3339("2026-11-20T10:01:59+08:00").unwrap()),
            })
            .facts(),
            Kind::RequestMoved => Told::RequestMoved(Progress {
                request: Asked::Feedback,
                state: Reached::Accepted,
                happened_at: standing.happened_at,
            })
            .facts(),
            Kind::FunctionMoved => Told::FunctionMoved(FunctionMove {
                function: Function::Pay,
                state: FunctionState::Suspended,
                happened_at: standing.happened_at,
            })
            .facts(),
            Kind::BillMoved => Told::BillMoved(BillMove {
                state: BillState::Held,
                happened_at: standing.happened_at,
            })
            .facts(),
            kind if sold_words::tests::is_of_sold_power(kind) => sold_words::tests::sold().facts(),
            _ => Told::AccessOver(standing).facts(),
        };
        Told::read(kind, &facts.unwrap()).unwrap()
    }

    #[test]
    fn the_inbox_says_what_where_how_much_and_when() {
        let receipt = receipt(8_520, "2026-11-05T10:01:59+08:00");
        assert_eq!(
            Words::of(&Told::Credited(receipt.clone())),
            Words {
                title: "电费已入账",
                body: "您为尾号 0017 的户号缴纳的 85.20 元已于 2026年11月5日 10:01 入账。".into(),
            }
        );
        assert_eq!(
            Words::of(&Told::Refunded(receipt)),
            Words {
                title: "退款已完成",
                body: "您为尾号 0017 的户号支付的 85.20 元已于 2026年11月5日 10:01 原路退回。\
                       如仍有应交电费，首页会显示。"
                    .into(),
            }
        );
    }

    #[test]
    fn who_may_use_a_home_is_told_with_the_home_and_the_moment() {
        let mut titles = std::collections::BTreeSet::new();
        for kind in Kind::ALL {
            let words = Words::of(&told(kind));
            assert_eq!(
                words.body.contains("尾号 0017"),
                !kind.is_alarm()
                    && !matches!(
                        kind,
                        Kind::RequestMoved | Kind::FunctionMoved | Kind::BillMoved
                    )
                    && !sold_words::tests::is_of_sold_power(kind),
                "{kind:?}"
            );
            assert!(words.body.contains("2026年11月5日 10:01"), "{kind:?}");
            assert_eq!(words.body.trim(), words.body, "{kind:?}");
            assert!(
                titles.insert(words.title),
                "{kind:?} has a title of its own"
            );
        }
    }

    #[test]
    fn m3_4_the_person_named_is_the_one_who_was_let_in_and_nobody_else() {
        for kind in Kind::ALL {
            let named = Words::of(&told(kind)).body.contains("*芳");
            let to_the_holder = matches!(kind, Kind::SharingAccepted | Kind::SharingOver);
            assert_eq!(named, to_the_holder, "{kind:?}");
        }
    }

    #[test]
    fn the_day_is_the_day_of_shanghai() {
        let late = receipt(1, "2026-12-31T16:00:00Z");
        assert!(
            Words::of(&Told::Credited(late.clone()))
                .body
                .contains("2027年1月1日 00:00")
        );
        let params = Template::of(&Told::Refunded(late)).unwrap().params;
        assert_eq!(params.last(), Some(&("date", "1月1日".to_owned())));
    }

    #[test]
    fn the_templates_are_the_registered_ones() {
        let money = vec![("tail", "0017"), ("yuan", "85.20"), ("date", "11月5日")];
        let home = vec![("tail", "0017"), ("date", "11月5日")];
        for (kind, registered) in [
            (Kind::Credited, Some(("LL_CREDITED", money.clone()))),
            (Kind::Refunded, Some(("LL_REFUNDED", money.clone()))),
            (Kind::RefundLate, Some(("LL_REFUND_LATE", money))),
            (
                Kind::SharingAccepted,
                Some(("LL_SHARING_ACCEPTED", home.clone())),
            ),
            (
                Kind::HolderChanged,
                Some(("LL_HOLDER_CHANGED", home.clone())),
            ),
            (Kind::HolderDisputed, Some(("LL_HOLDER_DISPUTED", home))),
            (
                Kind::DataExported,
                Some(("LL_DATA_EXPORTED", vec![("date", "11月5日")])),
            ),
            (
                Kind::ErasureAsked,
                Some(("LL_ERASURE_ASKED", vec![("date", "11月20日")])),
            ),
            (
                Kind::ErasureWithdrawn,
                Some(("LL_ERASURE_WITHDRAWN", vec![("date", "11月5日")])),
            ),
            (
                Kind::ErasureLate,
                Some(("LL_ERASURE_LATE", vec![("date", "11月5日")])),
            ),
            (Kind::SharingOver, None),
            (Kind::AccessOver, None),
            (Kind::AccessTaken, None),
        ] {
            let template = Template::of(&told(kind));
            let shown = template.as_ref().map(|template| {
                let params = template.params.iter();
                let params: Vec<_> = params.map(|(name, text)| (*name, text.as_str())).collect();
                (template.id, params)
            });
            assert_eq!(shown, registered, "{kind:?}");
        }
    }

    proptest! {
        /// Whatever the amount, inbox and SMS print the same one, and it reads back to the fen.
        #[test]
        fn both_print_the_amount_to_the_fen(fen in 1_i64..=i64::MAX / 1_000) {
            let receipt = receipt(fen, "2026-11-20T10:01:02+08:00");
            let all = [Told::Credited, Told::Refunded, Told::RefundLate];
            for told in all.map(|told: fn(Receipt) -> Told| told(receipt.clone())) {
                let template = Template::of(&told).unwrap();
                let yuan = &template.params.iter().find(|(name, _)| *name == "yuan").unwrap().1;
                prop_assert_eq!(Fen::parse_yuan(yuan).unwrap(), Fen::new(fen));
                let shown = format!(" {} 元", yuan);
                prop_assert!(Words::of(&told).body.contains(&shown));
            }
        }
    }
}
