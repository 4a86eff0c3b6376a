//! The proxy through which one outside system is called, where the utility lets nothing out directly.

use reqwest::{Proxy, Url};

/// A proxy, checked once. Its user name and password are secret: not printable.
#[derive(Clone)]
pub struct Via(Proxy);

impl std::fmt::Debug for Via {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[proxy]")
    }
}

/// Why a configured proxy is not used. Says nothing of what was configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be http://host:port or https://host:port, with user:password@ before the host where the proxy asks for them"
)]
pub struct ViaError;

impl Via {
    /// The proxy opens a tunnel to the other side; what goes through is encrypted for that side alone.
    ///
    /// # Errors
    /// When it is no `http://` or `https://` address of a host, or names more than that.
    pub fn parse(text: &str) -> Result<Self, ViaError> {
        let url = Url::parse(text).map_err(|_| ViaError)?;
        let is_proxy = matches!(url.scheme(), "http" | "https") && url.host().is_some();
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !is_proxy || !is_bare {
            return Err(ViaError);
        }
        Proxy::all(url).map(Self).map_err(|_| ViaError)
    }

    pub(super) fn proxy(&self) -> Proxy {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_host_with_a_name_and_a_password_at_most() {
        for good in [
            "http://proxy.intranet.example.cn:3128",
            "https://proxy.intranet.example.cn/",
            "http://lifeline:se%40cret@10.0.0.7:3128",
            "http://[fd00::7]:3128",
        ] {
            assert!(Via::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "proxy.intranet.example.cn:3128",
            "socks5://10.0.0.7:1080",
            "http://",
            "http://10.0.0.7:3128/alipay",
            "http://10.0.0.7:3128?a=1",
            "http://10.0.0.7:3128#a",
            "http://10.0.0.7:99999",
        ] {
            assert_eq!(Via::parse(bad).err(), Some(ViaError), "{bad}");
        }
    }

    #[test]
    fn a_proxys_password_is_not_printed() {
        let via = Via::parse("http://lifeline:secret@10.0.0.7:3128").unwrap();
        assert_eq!(format!("{via:?}"), "[proxy]");
    }
}
