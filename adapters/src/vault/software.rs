//! The wrapping key is the keyring's: `lifeline keys rotate data` renews it and wraps every pair anew.

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_core::settlement::accounts::vault::VaultFailure;
use lifeline_core::settlement::ids::KeyPairId;
use zeroize::Zeroizing;

use super::{WRAPPED, Wrap, Wrapping};
use crate::keyring::Keyring;
use crate::sql::{Engine, FOR_SERVICE_ROWS};

/// Wraps with the keyring as the store rules it.
#[derive(Debug, Clone)]
pub struct SoftwareWrapping(Arc<Engine>);

impl SoftwareWrapping {
    #[must_use]
    pub const fn new(engine: Arc<Engine>) -> Self {
        Self(engine)
    }
}

#[async_trait]
impl Wrapping for SoftwareWrapping {
    fn name(&self) -> &'static str {
        "software"
    }

    async fn session(&self) -> Result<Arc<dyn Wrap>, VaultFailure> {
        let ruled = self.0.keys().await;
        let ruled = ruled.map_err(|_| VaultFailure("no_keyring"))?;
        Ok(Arc::new(Ruled(ruled.keyring)))
    }
}

struct Ruled(Arc<Keyring>);

impl Wrap for Ruled {
    fn wrap(&self, key_id: &KeyPairId, private: &[u8]) -> Result<String, VaultFailure> {
        let place = WRAPPED.place(key_id.as_str());
        let wrapped = self.0.seal(FOR_SERVICE_ROWS, &place, private);
        wrapped.map_err(|_| VaultFailure("not_wrapped"))
    }

    fn unwrap(
        &self,
        key_id: &KeyPairId,
        wrapped: &str,
    ) -> Result<Zeroizing<Vec<u8>>, VaultFailure> {
        let place = WRAPPED.place(key_id.as_str());
        let private = self.0.open(FOR_SERVICE_ROWS, &place, wrapped);
        private.map_err(|_| VaultFailure("not_unwrapped"))
    }
}
