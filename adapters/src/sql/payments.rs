//! Payment orders, their lines and refunds.

use lifeline_core::payments::ports::{PaymentReads, PaymentStore};

use super::statement::statements;
use super::{Conn, Sql, WriteConn};

statements! { "payments": }

impl<C: Conn> PaymentReads for Sql<C> {}

impl<C: WriteConn> PaymentStore for Sql<C> {}
