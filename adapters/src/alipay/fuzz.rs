//! A door for tests/fuzz (feature `fuzz`): reading a reply without sending anything.

use serde_json::Value;

use super::content::ContentKey;
use super::envelope::{Answer, Envelope};
use super::sign::PlatformKey;

/// What came of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Signed by Alipay, and a success: this is acted on.
    Believed(Value),
    /// A failure by its codes; only a signed one may refuse anything.
    Failed { code: String, signed: bool },
    /// Says nothing.
    NoAnswer,
}

/// The keys a reply is read with.
pub struct Reader {
    platform: PlatformKey,
    content: Option<ContentKey>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

impl Reader {
    /// `platform`: Alipay's public key; `content`: the key of content encryption, base64.
    #[must_use]
    pub fn new(platform: &str, content: Option<&str>) -> Option<Self> {
        Some(Self {
            platform: PlatformKey::parse(platform).ok()?,
            content: content.map(ContentKey::parse).transpose().ok()?,
        })
    }

    /// Reads a reply to `method` as the client does.
    #[must_use]
    pub fn read(&self, body: &[u8], method: &str, codeless: bool) -> Reply {
        let Ok(envelope) = Envelope::open(body, method) else {
            return Reply::NoAnswer;
        };
        match envelope.answer::<Value>(codeless, &self.platform, self.content.as_ref()) {
            Ok(Answer::Ok(value)) => Reply::Believed(value),
            Ok(Answer::Failed(failure)) => Reply::Failed {
                code: failure.code,
                signed: failure.signed,
            },
            Err(_) => Reply::NoAnswer,
        }
    }
}
