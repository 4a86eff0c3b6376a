//! The key vault of sellers, as `[vault]` says: who wraps private halves, and whether that works.

use std::sync::Arc;

use lifeline_adapters::sql::Engine;
use lifeline_adapters::vault::{
    Pkcs11Wrapping, SoftwareWrapping, Token, TokenError, Vaults, WrappedVault,
};
use lifeline_core::settlement::accounts::KeyVault;

use crate::config::{Vault, VaultKind};
use crate::failure::Failure;
use crate::store::chain;

/// The vault that makes pairs, and beside it the others that still open theirs.
pub(crate) fn open(config: &Vault, engine: &Arc<Engine>) -> Result<Arc<dyn KeyVault>, Failure> {
    let software = WrappedVault::new(Arc::new(SoftwareWrapping::new(Arc::clone(engine))));
    let token = token(config)?;
    let opened = token.map(|token| Pkcs11Wrapping::open(&token).map_err(|e| refused(&e)));
    let hsm = opened.transpose()?;
    let hsm = hsm.map(|wrapping| WrappedVault::new(Arc::new(wrapping)));
    Ok(match (config.kind, hsm) {
        (VaultKind::Software, hsm) => Arc::new(Vaults::new(software, hsm.into_iter().collect())),
        (VaultKind::Pkcs11, Some(hsm)) => Arc::new(Vaults::new(hsm, vec![software])),
        (VaultKind::Pkcs11, None) => {
            return Err(
                Failure::failed("vault.kind is pkcs11, and no token is named")
                    .advice("name vault.module, vault.token and vault.pin_file"),
            );
        }
    })
}

/// Makes the wrapping key in a token that has none yet; says so.
pub(crate) fn prepare(config: &Vault) -> Result<Option<String>, Failure> {
    let Some(token) = token(config)? else {
        return Ok(None);
    };
    let made = Pkcs11Wrapping::prepare(&token).map_err(|error| refused(&error))?;
    Ok(made.then(|| {
        format!(
            "made the wrapping key {} in the token {}: back the token up as its maker says",
            token.key, token.token
        )
    }))
}

/// Whether the token of the configuration works, tried out once.
pub(crate) fn try_out(config: &Vault) -> Result<(), Failure> {
    let Some(token) = token(config)? else {
        return Ok(());
    };
    let wrapping = Pkcs11Wrapping::open(&token).map_err(|error| refused(&error))?;
    wrapping.try_out().map_err(|error| {
        Failure::failed(error.to_string()).advice("the token's key must encrypt and decrypt")
    })
}

fn token(config: &Vault) -> Result<Option<Token>, Failure> {
    config.token().map_err(Failure::failed)
}

fn refused(error: &TokenError) -> Failure {
    let advice = match error {
        TokenError::Module(_) => "check vault.module and that its HSM can be reached",
        TokenError::NoToken => "check vault.token, the label the token was initialised with",
        TokenError::Lacks(_) => "use a token that has them, or vault.kind = \"software\"",
        TokenError::NoKey => "run `lifeline migrate`, which makes it, or check vault.key",
        TokenError::Ambiguous(_) => "leave the one that wraps this store's pairs in the token",
        TokenError::Extractable => "a key made by `lifeline migrate` cannot leave the token",
        TokenError::Refused(_) => "check vault.pin_file and what the token logs",
    };
    Failure::failed(format!("the key vault: {}", chain(error))).advice(advice)
}
