//! The two places where what we know and what is true can come apart: a COMMIT, and a call that
//! leaves the program. Every one of both goes through here (`tests/house/seams.rs`).
//!
//! A build with the feature `fault-points` can be stopped at either side of them; in every other
//! build, so in every release, they are what they wrap.

#[cfg(feature = "fault-points")]
pub(crate) use crate::fault_points::{send, synchronous, watch};

#[cfg(not(feature = "fault-points"))]
pub(crate) use plain::{send, synchronous, watch};

#[cfg(not(feature = "fault-points"))]
mod plain {
    use lifeline_core::shared::outside::NoAnswer;
    use lifeline_core::store::UnitName;

    use crate::wire::Operation;

    /// A unit's connection, as it is.
    pub(crate) fn watch<C>(_: UnitName, conn: C) -> C {
        conn
    }

    /// A call, as it is.
    pub(crate) async fn send<T>(
        _: Operation,
        call: impl Future<Output = Result<T, NoAnswer>>,
    ) -> Result<T, NoAnswer> {
        call.await
    }

    /// The embedded engine waits for the disk at every commit.
    pub(crate) const fn synchronous() -> &'static str {
        "FULL"
    }
}
