//! placeholder ports
use async_trait::async_trait;

#[async_trait]
pub trait BindingReads: Send {}

#[async_trait]
pub trait BindingStore: BindingReads {}
