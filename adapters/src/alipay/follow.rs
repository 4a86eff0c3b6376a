//! Messages of the life account: who began and who ceased to follow (docs/contracts/alipay_life.md). They come to the
//! address of the notices, signed like those, with their words in one flat XML.

use lifeline_core::insight::followers::{Follow, FollowError, FollowReader, Told, Wallet};
use lifeline_core::shared::time::Time;
use sha2::{Digest as _, Sha256};

use super::Alipay;
use super::notice::{Notices, Params};

/// What marks a message of the life account.
const SERVICE: &str = "alipay.mobile.public.message.notify";
/// Tags one message may have; real ones have about ten.
const TAGS_MAX: usize = 32;

impl FollowReader for Alipay {
    fn read_message(&self, raw: &[u8]) -> Result<Told, FollowError> {
        self.notices.read_message(raw)
    }
}

impl Notices {
    /// Signature first, then the addressee, only then the content.
    fn read_message(&self, raw: &[u8]) -> Result<Told, FollowError> {
        let Ok(params) = Params::parse(raw) else {
            return Ok(Told::Elsewhere);
        };
        if params.get("service") != Some(SERVICE) {
            return Ok(Told::Elsewhere);
        }
        if !params.is_signed_by(&self.trust) {
            return Err(FollowError::BadSignature);
        }
        let content = params.get("biz_content").ok_or(FollowError::Malformed)?;
        let tags = tags(content).ok_or(FollowError::Malformed)?;
        let get = |name: &str| {
            tags.iter()
                .find(|(tag, _)| *tag == name)
                .map(|(_, text)| *text)
        };
        if get("AppId") != Some(&self.app_id) {
            return Err(FollowError::Foreign);
        }
        // It has no id of its own: its words, which name wallet, event and moment, are one.
        let message_id = hex::encode(Sha256::digest(content.as_bytes()));
        let follows = match (get("MsgType"), get("EventType")) {
            (Some("event"), Some("follow")) => true,
            (Some("event"), Some("unfollow")) => false,
            _ => return Ok(Told::Other { message_id }),
        };
        let wallet = get("FromUserId").and_then(Wallet::parse);
        let millis = get("CreateTime").and_then(|text| text.parse::<i64>().ok());
        let micros = millis
            .filter(|ms| *ms > 0)
            .and_then(|ms| ms.checked_mul(1_000));
        match (wallet, micros) {
            (Some(wallet), Some(micros)) => Ok(Told::Follow {
                message_id,
                follow: Follow {
                    wallet,
                    follows,
                    at: Time::from_micros(micros),
                },
            }),
            _ => Err(FollowError::Malformed),
        }
    }
}

/// The tags of `<XML><Name>text</Name><Name><![CDATA[text]]></Name></XML>`, each once, none within another.
/// Nothing else is read: no entity, no attribute, no document type.
fn tags(content: &str) -> Option<Vec<(&str, &str)>> {
    let outer = content.trim();
    let inner = outer
        .strip_prefix("<XML>")
        .and_then(|rest| rest.strip_suffix("</XML>"))
        .or_else(|| outer.strip_prefix("<xml>")?.strip_suffix("</xml>"))?;
    let mut rest = inner.trim_start();
    let mut found: Vec<(&str, &str)> = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('<')?.split_once('>')?;
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric());
        if name.is_empty() || !plain || found.len() >= TAGS_MAX {
            return None;
        }
        if found.iter().any(|(known, _)| *known == name) {
            return None;
        }
        let (text, after) = match after.strip_prefix("<![CDATA[") {
            Some(data) => data.split_once("]]>")?,
            None => after.split_at_checked(after.find('<')?)?,
        };
        let after = after.strip_prefix("</")?.strip_prefix(name)?;
        rest = after.strip_prefix('>')?.trim_start();
        found.push((name, text));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_29_a_flat_message_is_read_and_nothing_else() {
        let read = tags("<XML>\n <A><![CDATA[x<y>]]></A> <B>1</B><C></C>\n</XML>");
        assert_eq!(read, Some(vec![("A", "x<y>"), ("B", "1"), ("C", "")]));
        assert_eq!(tags("<xml></xml>"), Some(vec![]));
        for bad in [
            "",
            "<XML>",
            "<XML><A>1</XML>",
            "<XML><A>1</B></XML>",
            "<XML><A><B>1</B></A></XML>",
            "<XML><A>1</A><A>2</A></XML>",
            "<XML><A x='1'>1</A></XML>",
            "<!DOCTYPE x><XML></XML>",
            "<XML><A><![CDATA[1</A></XML>",
            "<XML>text</XML>",
            "<XML></xml>",
        ] {
            assert_eq!(tags(bad), None, "{bad}");
        }
        let many = |n: usize| -> String {
            let tags: String = (0..n).map(|n| format!("<T{n}>1</T{n}>")).collect();
            format!("<XML>{tags}</XML>")
        };
        assert!(tags(&many(TAGS_MAX)).is_some());
        assert!(tags(&many(TAGS_MAX + 1)).is_none());
    }
}
