//! App users, sessions, consents.

use lifeline_core::accounts::ports::{AccountReads, AccountStore};

use super::statement::statements;
use super::{Conn, Sql, WriteConn};

statements! { "accounts": }

impl<C: Conn> AccountReads for Sql<C> {}

impl<C: WriteConn> AccountStore for Sql<C> {}
