//! placeholder ports
use async_trait::async_trait;

#[async_trait]
pub trait AccountReads: Send {}

#[async_trait]
pub trait AccountStore: AccountReads {}
