//! Notices to app users.

use lifeline_core::notices::ports::{NoticeReads, NoticeStore};

use super::statement::statements;
use super::{Conn, Sql, WriteConn};

statements! { "notices": }

impl<C: Conn> NoticeReads for Sql<C> {}

impl<C: WriteConn> NoticeStore for Sql<C> {}
