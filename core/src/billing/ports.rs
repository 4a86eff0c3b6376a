//! placeholder ports
use async_trait::async_trait;

#[async_trait]
pub trait FigureReads: Send {}

#[async_trait]
pub trait FigureStore: FigureReads {}
