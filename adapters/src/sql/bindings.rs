//! Links between app users and consumer numbers.

use lifeline_core::bindings::ports::{BindingReads, BindingStore};

use super::statement::statements;
use super::{Conn, Sql, WriteConn};

statements! { "bindings": }

impl<C: Conn> BindingReads for Sql<C> {}

impl<C: WriteConn> BindingStore for Sql<C> {}
