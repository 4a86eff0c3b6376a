//! Where an outside system listens: TLS, and nothing in it that is no address.

use std::net::IpAddr;

use reqwest::Url;

/// Why a configured address is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("not an absolute http(s) address")]
    NotAnAddress,
    /// Money and personal data leave by TLS only; a demo may use this machine's loopback.
    #[error("must be https (plain http is accepted only for a loopback address of a demo)")]
    NotSecure,
    #[error("must carry neither user name, password, query nor fragment")]
    Decorated,
    #[error("no HTTP client can be built with this machine's certificates")]
    NoClient,
}

/// Where an outside system listens, checked once.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl Address {
    /// `https` anywhere; `http` only when `demo` and the host is a loopback address.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn parse(text: &str, demo: bool) -> Result<Self, AddressError> {
        let url = Url::parse(text).map_err(|_| AddressError::NotAnAddress)?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        match url.scheme() {
            _ if url.cannot_be_a_base() || url.host().is_none() => Err(AddressError::NotAnAddress),
            _ if !plain => Err(AddressError::Decorated),
            "https" => Ok(Self(url)),
            "http" if demo && is_loopback(&url) => Ok(Self(url)),
            "http" => Err(AddressError::NotSecure),
            _ => Err(AddressError::NotAnAddress),
        }
    }

    pub(crate) fn url(&self) -> Url {
        self.0.clone()
    }

    /// The address with more path segments, each percent-encoded.
    pub(crate) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        // `parse` refused addresses that cannot be a base, so the error arm is never taken.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_or_the_loopback_of_a_demo() {
        let ok = |text, demo| Address::parse(text, demo).map(|a| a.url().to_string());
        assert!(ok("https://openapi.alipay.com/gateway.do", false).is_ok());
        assert!(ok("http://127.0.0.1:9003/mkt/v1", true).is_ok());
        assert!(ok("http://[::1]:9003/", true).is_ok());
        assert_eq!(
            ok("http://127.0.0.1:9003/", false),
            Err(AddressError::NotSecure)
        );
        assert_eq!(ok("http://10.0.0.1/", true), Err(AddressError::NotSecure));
        assert_eq!(
            ok("http://127.0.0.1.evil.cn/", true),
            Err(AddressError::NotSecure)
        );
        assert_eq!(ok("https://u:p@a.cn/", false), Err(AddressError::Decorated));
        assert_eq!(ok("https://a.cn/?x=1", false), Err(AddressError::Decorated));
        assert_eq!(
            ok("file:///etc/passwd", true),
            Err(AddressError::NotAnAddress)
        );
        assert_eq!(ok("gateway.do", true), Err(AddressError::NotAnAddress));
    }

    #[test]
    fn joined_segments_cannot_leave_their_place() {
        let base = Address::parse("https://a.cn/mkt/v1/", false).unwrap();
        assert_eq!(
            base.join(&["payments", "a/../b?c"]).as_str(),
            "https://a.cn/mkt/v1/payments/a%2F..%2Fb%3Fc"
        );
    }
}
