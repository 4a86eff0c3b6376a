//! The words about months of sold power.

use super::notice::{OwnData, SoldMonth, Told};
use super::words::{Template, Words, day, moment};

pub(super) fn of(told: &Told, sold: &SoldMonth) -> Words {
    let (month, yuan) = (month(sold), sold.amount_fen.yuan());
    let at = moment(sold.happened_at);
    let until = moment(sold.due_at.unwrap_or(sold.happened_at));
    let (title, body) = match told {
        Told::CheckTask(_) => (
            "光伏结算待核对",
            format!(
                "您{month}的光伏结算 {yuan} 元已算好，请在{until}前核对。到时未答复视为认可并付款。"
            ),
        ),
        Told::CheckReminder(_) => (
            "光伏结算还未核对",
            format!(
                "您{month}的光伏结算 {yuan} 元还未核对，{until}截止。到时未答复视为认可并付款。"
            ),
        ),
        Told::ReviewUpheld(_) => (
            "复核结果：金额无误",
            format!("您{month}的光伏结算 {yuan} 元已于{at}复核无误，正在安排付款。"),
        ),
        Told::ReviewCorrected(_) => (
            "复核结果：金额需更正",
            format!("您{month}的光伏结算已于{at}复核更正，请核对新的金额。"),
        ),
        Told::PayoutReturned(_) => (
            "光伏电费被银行退回",
            format!(
                "您{month}的光伏电费 {yuan} 元已于{at}被银行退回，请打开该笔结算确认收款账号，确认后重新付款。"
            ),
        ),
        Told::PayoutRefused(_) => (
            "光伏电费未能付出",
            format!(
                "您{month}的光伏电费 {yuan} 元截至{at}多次未能付到您的收款账号，请核对收款账号是否可用。供电公司正在核实，期间会继续付款。"
            ),
        ),
        _ => (
            "光伏电费已付款",
            format!("您{month}的光伏电费 {yuan} 元已于{at}付到您的收款账号。"),
        ),
    };
    Words { title, body }
}

pub(super) fn payee_changed(own: &OwnData) -> Words {
    Words {
        title: "光伏收款账号已更换",
        body: format!(
            "您的光伏收款账号已于{}更换，将从{}起付到新账号，在此之前不付款。如非本人操作，请立即拨打 95598。",
            moment(own.happened_at),
            moment(own.due_at.unwrap_or(own.happened_at))
        ),
    }
}

pub(super) fn template(id: &'static str, sold: &SoldMonth) -> Template {
    let at = sold.due_at.unwrap_or(sold.happened_at);
    Template {
        id,
        params: vec![
            ("month", month(sold).trim().to_owned()),
            ("yuan", sold.amount_fen.yuan()),
            ("date", day(at)),
        ],
    }
}

/// ` 2026年10月`
fn month(sold: &SoldMonth) -> String {
    let (year, month) = sold.period.as_str().split_once('-').unwrap_or_default();
    format!(" {year}年{}月", month.trim_start_matches('0'))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::notice::Kind;
    use super::*;
    use crate::shared::money::Fen;
    use crate::shared::period::Period;
    use crate::shared::time::Time;

    pub(in super::super) const fn is_of_sold_power(kind: Kind) -> bool {
        matches!(
            kind,
            Kind::CheckTask
                | Kind::CheckReminder
                | Kind::ReviewUpheld
                | Kind::ReviewCorrected
                | Kind::PaidOut
                | Kind::PayoutReturned
                | Kind::PayoutRefused
        )
    }

    pub(in super::super) fn sold() -> Told {
        let at = Time::parse_rfc3339("2026-11-05T10:01:59+08:00").unwrap();
        Told::CheckTask(SoldMonth {
            check_task_id: "019aa2f0-0000-7000-8000-000000000004".to_owned(),
            period: Period::parse("2026-09").unwrap(),
            amount_fen: Fen::new(12_345),
            happened_at: at,
            due_at: Some(at),
        })
    }

    #[test]
    fn the_owner_reads_month_amount_and_deadline() {
        let words = Words::of(&sold());
        assert_eq!(
            words.body,
            "您 2026年9月的光伏结算 123.45 元已算好，请在 2026年11月5日 10:01 前核对。到时未答复视为认可并付款。"
        );
        let template = Template::of(&sold()).unwrap();
        let shown: Vec<_> = template
            .params
            .iter()
            .map(|(_, text)| text.as_str())
            .collect();
        assert_eq!(shown, ["2026年9月", "123.45", "11月5日"]);
    }

    #[test]
    fn m2_17_who_changes_the_payee_is_told_agreed_or_not() {
        let at = Time::parse_rfc3339("2026-11-05T10:01:59+08:00").unwrap();
        let told = Told::PayeeChanged(OwnData {
            happened_at: at,
            due_at: Some(at.plus_seconds(72 * 3600)),
        });
        assert!(told.kind().is_alarm());
        assert_eq!(
            Words::of(&told).body,
            "您的光伏收款账号已于 2026年11月5日 10:01 更换，将从 2026年11月8日 10:01 起付到新账号，在此之前不付款。\
             如非本人操作，请立即拨打 95598。"
        );
        assert_eq!(Template::of(&told).unwrap().id, "LL_PAYEE_CHANGED");
    }

    #[test]
    fn a_result_of_review_is_no_text() {
        let facts = sold().facts().unwrap();
        for kind in Kind::ALL.into_iter().filter(|kind| is_of_sold_power(*kind)) {
            let told = Told::read(kind, &facts).unwrap();
            let silent = matches!(kind, Kind::ReviewUpheld | Kind::ReviewCorrected);
            assert_eq!(Template::of(&told).is_none(), silent, "{kind:?}");
            assert!(Words::of(&told).body.contains("2026年9月"), "{kind:?}");
        }
    }
}
