//! placeholder ports
use async_trait::async_trait;

#[async_trait]
pub trait PaymentReads: Send {}

#[async_trait]
pub trait PaymentStore: PaymentReads {}
