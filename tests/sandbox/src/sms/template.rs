//! Registered templates: the platform, not the sender, decides what a phone shows.

use std::collections::BTreeMap;

const VALUE_CHARS_MAX: usize = 64;
const SIGN_CHARS_MAX: usize = 20;

struct Template {
    id: &'static str,
    text: &'static str,
}

/// `{sign}` is the sender's registered name; every other name in braces is a parameter.
const TEMPLATES: [Template; 21] = [
    Template {
        id: "LL_OTP",
        text: "【{sign}】验证码 {code}，5 分钟内有效，用于{purpose}。请勿告诉他人。",
    },
    Template {
        id: "LL_CREDITED",
        text: "【{sign}】您为尾号 {tail} 的户号缴纳的 {yuan} 元已入账（{date}）。",
    },
    Template {
        id: "LL_REFUNDED",
        text: "【{sign}】您为尾号 {tail} 的户号支付的 {yuan} 元已原路退回（{date}）。",
    },
    Template {
        id: "LL_REFUND_LATE",
        text: "【{sign}】您为尾号 {tail} 的户号支付的 {yuan} 元自{date}起退款，比预计的慢，我们仍在办理；退回后会再通知您。",
    },
    Template {
        id: "LL_SHARING_ACCEPTED",
        text: "【{sign}】您对尾号 {tail} 户号的共享邀请已被接受（{date}）。如非本人操作，请打开小程序收回。",
    },
    Template {
        id: "LL_HOLDER_CHANGED",
        text: "【{sign}】尾号 {tail} 的户号已变更户主（{date}），您的查询权限已停止，仍可缴费。",
    },
    Template {
        id: "LL_HOLDER_DISPUTED",
        text: "【{sign}】另有一位实名用户认证为尾号 {tail} 户号的户主（{date}），核实前查询权限暂停。",
    },
    Template {
        id: "LL_ARCHIVE_OFFERED",
        text: "【{sign}】尾号 {tail} 户号的实名户主申请补全用电档案（{date}），已有内容未改动。如有疑问请致电 95598。",
    },
    Template {
        id: "LL_DATA_EXPORTED",
        text: "【{sign}】您的全部个人信息已导出（{date}）。如非本人操作，请立即退出其他设备并拨打 95598。",
    },
    Template {
        id: "LL_ERASURE_ASKED",
        text: "【{sign}】您申请注销并删除个人信息，将于{date}执行。如非本人操作，请立即打开小程序撤回。",
    },
    Template {
        id: "LL_ERASURE_WITHDRAWN",
        text: "【{sign}】您的注销申请已撤回（{date}），一切照旧。",
    },
    Template {
        id: "LL_ERASURE_LATE",
        text: "【{sign}】您{date}的注销申请因有资金在途或光伏合作未结束，尚未执行，工作人员正在处理，完成后自动注销。",
    },
    Template {
        id: "LL_CHECK_TASK",
        text: "【{sign}】您 {month}的光伏结算 {yuan} 元已算好，请在{date}前打开小程序核对，到时未答复视为认可。",
    },
    Template {
        id: "LL_CHECK_REMINDER",
        text: "【{sign}】您 {month}的光伏结算 {yuan} 元还未核对，{date}截止，到时未答复视为认可。",
    },
    Template {
        id: "LL_PAID_OUT",
        text: "【{sign}】您 {month}的光伏电费 {yuan} 元已付到您的收款账号（{date}）。",
    },
    Template {
        id: "LL_PAYOUT_RETURNED",
        text: "【{sign}】您 {month}的光伏电费 {yuan} 元被银行退回（{date}），请打开小程序确认收款账号。",
    },
    Template {
        id: "LL_PAYOUT_REFUSED",
        text: "【{sign}】您 {month}的光伏电费 {yuan} 元多次未能付出（{date}），请打开小程序核对收款账号。",
    },
    Template {
        id: "LL_PAYEE_CHANGED",
        text: "【{sign}】您的光伏收款账号已更换（{date}），72 小时内不付款。如非本人操作，请立即拨打 95598。",
    },
    Template {
        id: "LL_PHONE_CHANGED",
        text: "【{sign}】您账号绑定的手机号已更换（{date}），此号码不再接收验证码。如非本人操作，请立即拨打 95598。",
    },
    Template {
        id: "LL_MERGED",
        text: "【{sign}】您的账号已与另一个账号合并（{date}），两边的支付宝都能登录。如非本人操作，请立即拨打 95598。",
    },
    Template {
        id: "LL_FACE_CERTIFIED",
        text: "【{sign}】您的账号已通过刷脸完成实名认证（{date}）。如非本人操作，请立即拨打 95598。",
    },
];

/// Why a message could not be rendered: the part of the request that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unrenderable(pub(super) &'static str);

/// The text of template `id` with exactly its parameters filled in.
///
/// # Errors
/// [`Unrenderable`] for an unknown template, missing, surplus or oversized parameters, or a sign that
/// is no name.
pub(super) fn render(
    id: &str,
    sign: &str,
    params: &BTreeMap<String, String>,
) -> Result<String, Unrenderable> {
    let template = TEMPLATES
        .iter()
        .find(|t| t.id == id)
        .ok_or(Unrenderable("template_id"))?;
    if !is_plain(sign, SIGN_CHARS_MAX) || sign.contains(['【', '】']) {
        return Err(Unrenderable("sign_name"));
    }
    let mut text = String::new();
    let mut filled = 0;
    // Pieces alternate: plain text, then a name up to the closing brace and the text after it.
    let mut pieces = template.text.split('{');
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (name, plain) = piece.split_once('}').ok_or(Unrenderable("template_id"))?;
        if name == "sign" {
            text.push_str(sign);
        } else {
            let value = params
                .get(name)
                .filter(|value| is_plain(value, VALUE_CHARS_MAX));
            text.push_str(value.ok_or(Unrenderable("params"))?);
            filled += 1;
        }
        text.push_str(plain);
    }
    if filled == params.len() {
        Ok(text)
    } else {
        Err(Unrenderable("params"))
    }
}

fn is_plain(value: &str, chars_max: usize) -> bool {
    (1..=chars_max).contains(&value.chars().count()) && !value.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn renders_what_the_contract_prints() {
        let otp = render(
            "LL_OTP",
            "生命线供电",
            &params(&[("code", "042137"), ("purpose", "绑定户号")]),
        );
        let shown = "【生命线供电】验证码 042137，5 分钟内有效，用于绑定户号。请勿告诉他人。";
        assert_eq!(otp.as_deref(), Ok(shown));
        let paid = params(&[("tail", "0017"), ("yuan", "85.20"), ("date", "11月20日")]);
        assert_eq!(
            render("LL_CREDITED", "生命线供电", &paid).as_deref(),
            Ok("【生命线供电】您为尾号 0017 的户号缴纳的 85.20 元已入账（11月20日）。")
        );
        let home = params(&[("tail", "0017"), ("date", "11月20日")]);
        for id in [
            "LL_SHARING_ACCEPTED",
            "LL_HOLDER_CHANGED",
            "LL_HOLDER_DISPUTED",
        ] {
            let text = render(id, "生命线供电", &home).unwrap();
            assert!(text.contains("尾号 0017") && text.contains("（11月20日）"));
        }
        assert!(
            render("LL_REFUNDED", "生命线供电", &paid)
                .unwrap()
                .contains("已原路退回")
        );
    }

    #[test]
    fn a_value_is_never_read_as_a_template() {
        let sly = params(&[("code", "{purpose}"), ("purpose", "{sign}")]);
        let text = render("LL_OTP", "甲", &sly).unwrap();
        assert!(text.contains("验证码 {purpose}，") && text.contains("用于{sign}。"));
    }

    #[test]
    fn exactly_the_registered_parameters() {
        let good = [("code", "1"), ("purpose", "2")];
        let wrong = |pairs: &[(&str, &str)]| render("LL_OTP", "甲", &params(pairs));
        assert_eq!(wrong(&good[..1]), Err(Unrenderable("params")));
        assert_eq!(
            wrong(&[good[0], good[1], ("extra", "3")]),
            Err(Unrenderable("params"))
        );
        assert_eq!(
            wrong(&[good[0], ("purpose", "")]),
            Err(Unrenderable("params"))
        );
        assert_eq!(
            wrong(&[good[0], ("purpose", "一\n二")]),
            Err(Unrenderable("params"))
        );
        assert_eq!(
            wrong(&[good[0], ("purpose", &"长".repeat(65))]),
            Err(Unrenderable("params"))
        );
        let good = params(&good);
        assert_eq!(
            render("LL_NONE", "甲", &good),
            Err(Unrenderable("template_id"))
        );
        for sign in ["", "甲】【乙", &"长".repeat(21)] {
            assert_eq!(
                render("LL_OTP", sign, &good),
                Err(Unrenderable("sign_name"))
            );
        }
    }
}
