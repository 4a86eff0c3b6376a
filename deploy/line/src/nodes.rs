//! The nodes of the gateway, asked in turn, and why one gave no answer.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Where the nodes are, and whose turn it is.
#[derive(Debug)]
pub(crate) struct Nodes {
    origins: Vec<String>,
    next: AtomicUsize,
}

impl Nodes {
    pub(crate) const fn new(origins: Vec<String>) -> Self {
        Self {
            origins,
            next: AtomicUsize::new(0),
        }
    }

    /// Every node once, beginning with the next in turn.
    pub(crate) fn in_turn(&self) -> impl Iterator<Item = &String> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.origins.len().max(1);
        (0..count).filter_map(move |step| self.origins.get(first.wrapping_add(step) % count))
    }
}

/// Why a node gave no answer, with what lies beneath. The address is left out: it carries what a household asked for.
pub(crate) fn because(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut told = error.to_string();
    let mut beneath = std::error::Error::source(&error);
    while let Some(cause) = beneath {
        told.push_str(": ");
        told.push_str(&cause.to_string());
        beneath = cause.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn why_a_node_was_not_reached_is_told_without_what_was_asked() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build();
        let client = client.expect("a client");
        // Nobody listens there.
        let asked = client.get("http://127.0.0.1:1/v1/homes?name=zhang");
        let told = because(asked.send().await.expect_err("nobody"));
        assert!(told.to_lowercase().contains("refused"), "{told}");
        assert!(!told.contains("zhang") && !told.contains("/v1"), "{told}");
    }
}
