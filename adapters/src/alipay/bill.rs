//! The daily bill (`alipay.data.dataservice.bill.downloadurl.query`): a ZIP with CSV in GBK (alipay.md 1d).
//!
//! A file that is cut off, or whose rows do not add up to its own totals, is refused whole: half a bill would make every
//! payment missing from it look lost. The column of the other party is never read.

use std::borrow::Cow;
use std::io::{Cursor, Read as _};

use encoding_rs::GBK;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Time;

/// A day of four hundred thousand payments stays below.
const CSV_BYTES_MAX: u64 = 128 * 1024 * 1024;
const ENTRIES_MAX: usize = 16;
const DETAIL: &str = "业务明细.csv";
const LIST_BEGINS: &str = "业务明细列表-";
const LIST_ENDS: &str = "业务明细列表结束";

/// Why a file is not taken as a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BillError {
    #[error("it is not a ZIP file that can be read")]
    Zip,
    #[error("it holds no detail file")]
    NoDetail,
    #[error("it is larger than a bill can be")]
    TooLarge,
    #[error("it is not text in GBK")]
    Encoding,
    #[error("it lacks the column {0}")]
    Column(&'static str),
    /// Counted from the file's first line.
    #[error("line {0} cannot be read")]
    Line(usize),
    #[error("it is cut off")]
    CutOff,
    #[error("its rows do not add up to its totals")]
    Totals,
    #[error("it has rows outside the time it says it covers")]
    OtherDays,
}

/// What a row is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillKind {
    Payment,
    Refund { out_request_no: String },
}

/// Money that moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRow {
    pub trade_no: String,
    pub out_trade_no: String,
    pub kind: BillKind,
    /// What the order says; negative for a refund.
    pub amount: Fen,
    /// What the merchant received of it; negative for a refund.
    pub received: Fen,
    /// What Alipay took (negative) or gave back.
    pub fee: Fen,
    pub completed_at: Time,
}

/// One day of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The account the file names.
    pub account: String,
    /// What the file covers: from this moment to before that one.
    pub from: Time,
    pub to: Time,
    pub rows: Vec<BillRow>,
}

/// Reads the downloaded ZIP.
///
/// # Errors
/// See [`BillError`].
pub fn read_bill(zip: &[u8]) -> Result<Bill, BillError> {
    let bytes = detail(zip)?;
    let (text, _, broken) = GBK.decode(&bytes);
    if broken {
        return Err(BillError::Encoding);
    }
    read_detail(&text)
}

/// The detail file among the entries, whose names are GBK without saying so.
fn detail(zip: &[u8]) -> Result<Vec<u8>, BillError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).map_err(|_| BillError::Zip)?;
    if archive.len() > ENTRIES_MAX {
        return Err(BillError::TooLarge);
    }
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(|_| BillError::Zip)?;
        let (name, _, _) = GBK.decode(entry.name_raw());
        if !name.ends_with(DETAIL) {
            continue;
        }
        let mut bytes = Vec::new();
        // The size an entry claims is not believed: it is read up to the limit, and one byte more.
        entry
            .take(CSV_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(|_| BillError::Zip)?;
        if u64::try_from(bytes.len()).is_ok_and(|len| len <= CSV_BYTES_MAX) {
            return Ok(bytes);
        }
        return Err(BillError::TooLarge);
    }
    Err(BillError::NoDetail)
}

fn read_detail(text: &str) -> Result<Bill, BillError> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let (mut account, mut covers) = (None, None);
    loop {
        let (_, line) = lines.next().ok_or(BillError::CutOff)?;
        if let Some(rest) = line.strip_prefix("#账号：[") {
            account = rest.split(']').next().map(str::to_owned);
        }
        if let Some(rest) = line.strip_prefix("#起始日期：[") {
            covers = span(rest);
        }
        if line.starts_with('#') && line.contains(LIST_BEGINS) {
            break;
        }
    }
    let (_, header) = lines.next().ok_or(BillError::CutOff)?;
    let columns = Columns::find(header)?;
    let mut rows = Vec::new();
    loop {
        let (at, line) = lines.next().ok_or(BillError::CutOff)?;
        if line.starts_with('#') {
            if line.contains(LIST_ENDS) {
                break;
            }
            return Err(BillError::Line(at));
        }
        rows.push(columns.row(line).ok_or(BillError::Line(at))?);
    }
    let rest: Vec<&str> = lines.map(|(_, line)| line).collect();
    let payments = |row: &&BillRow| row.kind == BillKind::Payment;
    check_totals(&rest, "#交易合计：", rows.iter().filter(payments))?;
    let refunds = |row: &&BillRow| row.kind != BillKind::Payment;
    check_totals(&rest, "#退款合计：", rows.iter().filter(refunds))?;
    let (from, to) = covers.ok_or(BillError::Column("起始日期"))?;
    let strays = rows
        .iter()
        .any(|row| !(from..to).contains(&row.completed_at));
    if strays {
        return Err(BillError::OtherDays);
    }
    Ok(Bill {
        account: account.ok_or(BillError::CutOff)?,
        from,
        to,
        rows,
    })
}

/// `2026年11月19日 00:00:00]   终止日期：[2026年11月20日 00:00:00]`
fn span(text: &str) -> Option<(Time, Time)> {
    let (from, rest) = text.split_once(']')?;
    let to = rest.trim().strip_prefix("终止日期：[")?.split(']').next()?;
    let read = |text: &str| {
        let plain = text.replace(['年', '月'], "-").replace('日', "");
        Time::parse_alipay(&plain).ok()
    };
    Some((read(from)?, read(to)?))
}

/// `#交易合计：2笔，商家实收共212.25元，..`: the count and the first sum.
fn check_totals<'r>(
    lines: &[&str],
    title: &str,
    rows: impl Iterator<Item = &'r BillRow>,
) -> Result<(), BillError> {
    let line = lines.iter().find_map(|line| line.strip_prefix(title));
    let (count, rest) = line
        .and_then(|line| line.split_once('笔'))
        .ok_or(BillError::CutOff)?;
    let sum = rest
        .split_once('共')
        .and_then(|(_, sum)| sum.split_once('元'));
    let sum = sum
        .and_then(|(sum, _)| signed(sum))
        .ok_or(BillError::Totals)?;
    let received: Vec<Fen> = rows.map(|row| row.received).collect();
    let adds_up = Fen::sum(received.iter().copied()) == Ok(sum);
    if count.trim().parse() == Ok(received.len()) && adds_up {
        Ok(())
    } else {
        Err(BillError::Totals)
    }
}

/// Where each needed column stands: by its name, for their order differs between accounts.
struct Columns {
    count: usize,
    trade_no: usize,
    out_trade_no: usize,
    kind: usize,
    completed_at: usize,
    amount: usize,
    received: usize,
    out_request_no: usize,
    fee: usize,
}

impl Columns {
    fn find(header: &str) -> Result<Self, BillError> {
        let names = cells(header).ok_or(BillError::Line(0))?;
        let at = |wanted: &'static str| {
            let found = names.iter().position(|name| name == wanted);
            found.ok_or(BillError::Column(wanted))
        };
        Ok(Self {
            count: names.len(),
            trade_no: at("支付宝交易号")?,
            out_trade_no: at("商户订单号")?,
            kind: at("业务类型")?,
            completed_at: at("完成时间")?,
            amount: at("订单金额（元）")?,
            received: at("商家实收（元）")?,
            out_request_no: at("退款批次号/请求号")?,
            fee: at("服务费（元）")?,
        })
    }

    fn row(&self, line: &str) -> Option<BillRow> {
        let cells = cells(line).filter(|cells| cells.len() == self.count)?;
        let text = |at: usize| cells.get(at).map(|cell| cell.as_ref());
        let full = |at: usize| text(at).filter(|text| !text.is_empty()).map(str::to_owned);
        let amount = signed(text(self.amount)?)?;
        let kind = match text(self.kind)? {
            "交易" if amount.get() >= 0 => BillKind::Payment,
            "退款" if amount.get() <= 0 => BillKind::Refund {
                out_request_no: full(self.out_request_no)?,
            },
            _ => return None,
        };
        Some(BillRow {
            trade_no: full(self.trade_no)?,
            out_trade_no: full(self.out_trade_no)?,
            kind,
            amount,
            received: signed(text(self.received)?)?,
            fee: signed(text(self.fee)?)?,
            completed_at: Time::parse_alipay(text(self.completed_at)?).ok()?,
        })
    }
}

/// A sum that may be negative.
fn signed(text: &str) -> Option<Fen> {
    match text.strip_prefix('-') {
        Some(rest) => Fen::ZERO.minus(Fen::parse_yuan(rest).ok()?).ok(),
        None => Fen::parse_yuan(text).ok(),
    }
}

/// The cells of a line, without the tabs and blanks they end with. `None` when a quote is not closed.
fn cells(line: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, left) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted)?,
            None => match rest.split_once(',') {
                Some((cell, left)) => (Cow::Borrowed(cell.trim()), Some(left)),
                None => (Cow::Borrowed(rest.trim()), None),
            },
        };
        cells.push(cell);
        match left {
            Some(left) => rest = left,
            None => return Some(cells),
        }
    }
}

/// A cell after its opening quote, and what follows its comma. A doubled quote is one of the text.
fn quoted_cell(after: &str) -> Option<(Cow<'_, str>, Option<&str>)> {
    let mut text = String::new();
    let mut rest = after;
    loop {
        let (part, left) = rest.split_once('"')?;
        text.push_str(part);
        if let Some(more) = left.strip_prefix('"') {
            text.push('"');
            rest = more;
            continue;
        }
        let left = left.trim_start_matches(['\t', ' ']);
        let follows = match left.strip_prefix(',') {
            Some(follows) => Some(follows),
            None if left.is_empty() => None,
            None => return None,
        };
        return Some((Cow::Owned(text.trim().to_owned()), follows));
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn vector() -> Value {
        let file = include_str!("../../../tests/vectors/alipay/bill_trade.json");
        serde_json::from_str(file).expect("the vector file is JSON")
    }

    fn text() -> String {
        vector()["detail_utf8"].as_str().expect("text").to_owned()
    }

    fn zipped() -> Vec<u8> {
        let vector = vector();
        let zip = vector["zip_b64"].as_str().expect("text");
        STANDARD.decode(zip).expect("base64")
    }

    #[test]
    fn the_bill_is_read_to_the_fen() {
        let (vector, bill) = (vector(), read_bill(&zipped()).unwrap());
        assert_eq!(bill.account, "20880000000000090156");
        let span = (bill.from.alipay_text(), bill.to.alipay_text());
        assert_eq!(span.0, "2026-11-19 00:00:00");
        assert_eq!(span.1, "2026-11-20 00:00:00");
        let expected = vector["expected"].as_array().unwrap();
        assert_eq!(bill.rows.len(), expected.len());
        for (row, expected) in bill.rows.iter().zip(expected) {
            assert_eq!(row.trade_no, expected["trade_no"]);
            assert_eq!(row.out_trade_no, expected["out_trade_no"]);
            assert_eq!(Some(row.amount.get()), expected["amount_fen"].as_i64());
            assert_eq!(Some(row.fee.get()), expected["fee_fen"].as_i64());
            assert_eq!(row.received, row.amount);
            let refund = match &row.kind {
                BillKind::Payment => None,
                BillKind::Refund { out_request_no } => Some(out_request_no.as_str()),
            };
            assert_eq!(refund, expected["out_request_no"].as_str());
        }
        assert_eq!(bill, read_detail(&text()).unwrap());
    }

    #[test]
    fn a_bill_that_is_cut_off_anywhere_is_refused() {
        let text = text();
        let last = text.find("#导出时间").unwrap();
        for (at, _) in text.char_indices().filter(|(at, _)| *at < last) {
            let end = text.get(..at).unwrap();
            // Only the words after the last total may be missing.
            if end.contains("退款合计") && end.contains("-23.45元") {
                continue;
            }
            assert!(read_detail(end).is_err(), "cut at {at}");
        }
        assert_eq!(read_bill(&zipped()[..300]), Err(BillError::Zip));
        assert_eq!(read_bill(b""), Err(BillError::Zip));
    }

    #[test]
    fn what_does_not_add_up_or_cannot_be_read_is_refused() {
        let text = text();
        let read = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            read_detail(&text.replacen(from, to, 1))
        };
        assert_eq!(
            read(",123.45,123.45,", ",123.45,123.44,"),
            Err(BillError::Totals)
        );
        assert_eq!(
            read("#交易合计：2笔", "#交易合计：3笔"),
            Err(BillError::Totals)
        );
        assert_eq!(read("共-23.45元", "共-23.46元"), Err(BillError::Totals));
        assert_eq!(
            read("2026-11-19 09:00:07", "2026-11-20 00:00:00"),
            Err(BillError::OtherDays)
        );
        assert_eq!(
            read("[2026年11月20日 00:00:00]", "[2026年11月20日]"),
            Err(BillError::Column("起始日期"))
        );
        assert_eq!(
            read("服务费（元）", "服务费"),
            Err(BillError::Column("服务费（元）"))
        );
        assert_eq!(read(",交易\t", ",转账\t"), Err(BillError::Line(6)));
        assert_eq!(read("123.45", "1.2345e2"), Err(BillError::Line(6)));
        assert_eq!(
            read("2026-11-19 09:00:07", "2026-11-19"),
            Err(BillError::Line(6))
        );
        assert_eq!(read(",-23.45,", ",23.45,"), Err(BillError::Line(8)));
        assert_eq!(
            read("电费 2026-11,", "电费, 2026-11,"),
            Err(BillError::Line(6))
        );
        assert!(read("电费 2026-11,", "\"电费, \"\"2026\"\"\"\t,").is_ok());
        let (gbk, _, _) = GBK.encode(&text);
        let mut broken = gbk.into_owned();
        broken.push(0xFF);
        assert!(GBK.decode(&broken).2);
    }

    proptest! {
        #[test]
        fn nothing_makes_the_reader_stop(text in "[#,\"\t 业务明细列表结束交易退款笔共元0-9.\n-]{0,200}") {
            let _ = read_detail(&text);
            let _ = cells(&text);
        }

        #[test]
        fn cells_come_back_as_they_were_quoted(texts in proptest::collection::vec("[a-z\",交 ]{0,8}", 1..6)) {
            let quoted: Vec<String> = texts
                .iter()
                .map(|text| format!("\"{}\"\t", text.replace('"', "\"\"")))
                .collect();
            let line = quoted.join(",");
            let read = cells(&line).unwrap();
            let wanted: Vec<&str> = texts.iter().map(|text| text.trim()).collect();
            prop_assert_eq!(read, wanted);
        }
    }
}
