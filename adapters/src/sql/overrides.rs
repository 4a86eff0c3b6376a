//! The statements PostgreSQL needs in other words. A test holds their share at 5 % or less.
