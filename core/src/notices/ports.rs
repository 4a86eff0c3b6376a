//! placeholder ports
use async_trait::async_trait;

#[async_trait]
pub trait NoticeReads: Send {}

#[async_trait]
pub trait NoticeStore: NoticeReads {}
