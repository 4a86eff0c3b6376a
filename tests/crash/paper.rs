//! The channel's daily bill as Alipay hands it out (a ZIP with CSV in GBK), written from the sandbox's books.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use encoding_rs::GBK;
use lifeline_core::shared::time::Time;
use serde_json::Value;

use crate::stage::Stage;

/// The merchant's account: its number and a suffix of the bill's own.
const ACCOUNT: &str = "20880000000000090156";
const COLUMNS: &str = "支付宝交易号,商户订单号,业务类型,商品名称,完成时间,订单金额（元）,商家实收（元）,退款批次号/请求号,服务费（元）";
const DAY_S: i64 = 86_400;

/// One row: what moved, when, and by which numbers.
struct Row {
    trade_no: String,
    out_trade_no: String,
    request: Option<String>,
    fen: i64,
    at: Time,
}

/// Writes the bill of `day` (`2026-11-22`) into the stage's folder.
pub(crate) async fn bill(stage: &Stage, day: &str) -> PathBuf {
    let rows = rows(stage, day).await;
    let text = text(day, &rows);
    let (csv, _, lossy) = GBK.encode(&text);
    assert!(!lossy, "everything on a bill can be said in GBK");
    let name = format!("{ACCOUNT}_{}_业务明细.csv", day.replace('-', ""));
    let file = stage.folder().join(format!("bill-{day}.zip"));
    std::fs::write(&file, stored(&GBK.encode(&name).0, &csv)).expect("a bill");
    file
}

/// The first half of a bill: a download that broke off.
pub(crate) fn torn(bill: &Path) -> PathBuf {
    let whole = std::fs::read(bill).expect("a bill");
    let file = bill.with_extension("torn");
    std::fs::write(&file, &whole[..whole.len() / 2]).expect("half a bill");
    file
}

async fn rows(stage: &Stage, day: &str) -> Vec<Row> {
    let trades = stage.sandbox_get("/sim/alipay/trades").await;
    let mut rows = Vec::new();
    for trade in trades.as_array().into_iter().flatten() {
        let word = |field: &str| trade[field].as_str().unwrap_or_default().to_owned();
        let mut row = |request: Option<String>, fen: &Value, at: &Value| {
            let Some(at) = at.as_str() else { return };
            rows.push(Row {
                trade_no: word("trade_no"),
                out_trade_no: word("out_trade_no"),
                request,
                fen: fen.as_i64().expect("a sum"),
                at: Time::parse_rfc3339(at).expect("a time"),
            });
        };
        row(None, &trade["total_fen"], &trade["paid_at"]);
        for refund in trade["refunds"].as_array().into_iter().flatten() {
            let request = refund["out_request_no"].as_str().map(str::to_owned);
            row(request, &refund["amount_fen"], &refund["at"]);
        }
    }
    rows.retain(|row| row.at.shanghai_date() == day);
    rows
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn text(day: &str, rows: &[Row]) -> String {
    let start = Time::parse_rfc3339(&format!("{day}T00:00:00+08:00")).expect("a day");
    let chinese = |at: Time| {
        let plain = at.alipay_text();
        let (date, clock) = plain.split_once(' ').expect("date and time");
        let parts: Vec<&str> = date.split('-').collect();
        format!("{}年{}月{}日 {clock}", parts[0], parts[1], parts[2])
    };
    let (from, to) = (chinese(start), chinese(start.plus_seconds(DAY_S)));
    let mut text = format!(
        "#支付宝业务明细查询\n#账号：[{ACCOUNT}]\n#起始日期：[{from}]   终止日期：[{to}]\n\
         #----------业务明细列表----------\n{COLUMNS}\n"
    );
    let (mut paid, mut back) = ((0, 0), (0, 0));
    for row in rows {
        let (kind, sign, request) = match &row.request {
            None => ("交易", "", ""),
            Some(request) => ("退款", "-", request.as_str()),
        };
        let sums = if row.request.is_none() {
            &mut paid
        } else {
            &mut back
        };
        *sums = (sums.0 + 1, sums.1 + row.fen);
        let sum = yuan(row.fen);
        writeln!(
            text,
            "{}\t,{}\t,{kind}\t,电费,{},{sign}{sum},{sign}{sum},{request}\t,0.00",
            row.trade_no,
            row.out_trade_no,
            row.at.alipay_text()
        )
        .expect("a row");
    }
    let sign = if back.1 > 0 { "-" } else { "" };
    write!(
        text,
        "#----------业务明细列表结束----------\n\
         #交易合计：{}笔，商家实收共{}元，商家优惠共0.00元\n\
         #退款合计：{}笔，商家实收退款共{sign}{}元，商家优惠退款共0.00元\n",
        paid.0,
        yuan(paid.1),
        back.0,
        yuan(back.1)
    )
    .expect("the totals");
    text
}

/// A ZIP file with one entry that is not packed.
fn stored(name: &[u8], data: &[u8]) -> Vec<u8> {
    let long = |bytes: &[u8]| u32::try_from(bytes.len()).expect("a small file");
    let short = u16::try_from(name.len()).expect("a short name");
    let mut about = Vec::new();
    // Version, flags, method, time, date.
    for word in [20_u16, 0, 0, 0, 0x21] {
        about.extend(word.to_le_bytes());
    }
    for word in [checksum(data), long(data), long(data)] {
        about.extend(word.to_le_bytes());
    }
    about.extend(short.to_le_bytes());
    about.extend(0_u16.to_le_bytes());
    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend(&about);
    zip.extend(name);
    zip.extend(data);
    let list_at = long(&zip);
    zip.extend(b"PK\x01\x02");
    zip.extend(20_u16.to_le_bytes());
    zip.extend(&about);
    // Comment, disk, two kinds of attributes, and where the entry begins: nothing of note.
    zip.extend([0_u8; 14]);
    zip.extend(name);
    let listed = long(&zip) - list_at;
    zip.extend(b"PK\x05\x06");
    for word in [0_u16, 0, 1, 1] {
        zip.extend(word.to_le_bytes());
    }
    zip.extend(listed.to_le_bytes());
    zip.extend(list_at.to_le_bytes());
    zip.extend(0_u16.to_le_bytes());
    zip
}

/// CRC-32, bit by bit: a bill is small.
fn checksum(data: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in data {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                (sum >> 1) ^ 0xEDB8_8320
            } else {
                sum >> 1
            };
        }
    }
    !sum
}
