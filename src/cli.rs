//! The command line. Every command ends with 0 (done), 1 (failed) or 2 (wrong usage).

#[cfg(feature = "demo")]
mod demo;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

#[cfg(feature = "demo")]
pub(crate) use self::demo::{Demo, Journey, Sim};

/// The server behind an electric utility's Alipay mini-program.
#[derive(Debug, Parser)]
#[command(name = "lifeline", version, about, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run in production, everything from the configuration file.
    Serve(Serve),
    /// Run a complete demo on this machine: embedded store, sandbox as the outside world.
    #[cfg(feature = "demo")]
    Demo(Demo),
    /// Play the main job against a running demo as a household would, over HTTP only.
    #[cfg(feature = "demo")]
    Journey(Journey),
    /// Live seeded histories of orders, faults and crashes in memory and judge each of them.
    #[cfg(feature = "demo")]
    Sim(Sim),
    /// Apply the migrations the store still lacks.
    Migrate(Told),
    /// Check the configuration and list every fault.
    CheckConfig(Told),
    /// Ask store, key vault, Redis and marketing whether they work, see whether the systems outside are reached, look at
    /// keys, certificates, disks, backup and the logs' volume, and say what to do where something is amiss. Changes
    /// nothing.
    Doctor(Doctor),
    /// Automatic refunds, or payouts of sold power, were stopped because too many went out: look, and let refunds go
    /// on by two persons.
    #[command(subcommand)]
    Brake(Brake),
    /// The store was restored from a backup: bring it up to date before anything is sent.
    #[command(subcommand)]
    Recover(Recover),
    /// Recompute the chain of the audit from its first line, and say its head or where it breaks. Changes nothing.
    Audit(Audit),
    /// Write the whole store, as it is at one moment, to one sealed file. May run beside the service.
    Backup(Backup),
    /// Put such a file back where no store is, prove its books, and begin the recovery.
    Restore(Restore),
    /// Copy an embedded store to an empty PostgreSQL database, and prove the copy. Stop every process first.
    CopyStore(CopyStore),
    /// Work stored notices of the channel once more: those that were kept and not worked to their end. May run beside the
    /// service; nothing is applied twice.
    Replay(Replay),
    /// Values of the configuration that are kept sealed.
    #[command(subcommand)]
    Config(Setting),
    /// The people of the console: add one, make new proofs for one, list them.
    #[command(subcommand)]
    Staff(Staff),
    /// Renew the installation's keys while it runs, or list them.
    #[command(subcommand)]
    Keys(Keys),
    /// Print the OpenAPI document.
    Openapi,
    /// List every point at which this build can be stopped.
    #[cfg(feature = "fault-points")]
    #[command(hide = true)]
    FaultPoints,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// What this node does, one or several of gateway, console and jobs with commas between, instead of `node.roles`.
    #[arg(long, value_name = "ROLES")]
    pub(crate) roles: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Staff {
    /// Add somebody; prints the password and the secret of the codes once.
    Add(StaffAdd),
    /// Make new proofs for somebody who lost theirs; ends their sign-ins.
    Reset(StaffReset),
    /// List who works here.
    List(StaffList),
}

#[derive(Debug, Args)]
pub(crate) struct StaffAdd {
    /// 3 to 32 of a-z 0-9 . _ -, beginning with a letter.
    pub(crate) login: String,
    /// statistics_reader, support, publisher, finance, reviewer, admin or auditor.
    #[arg(long)]
    pub(crate) role: String,
    /// The utility's number of the person, 1 to 32 of A-Z a-z 0-9 . _ -; the login when it is left out.
    #[arg(long)]
    pub(crate) person: Option<String>,
    /// Region codes with commas, or * for all.
    #[arg(long, default_value = "*")]
    pub(crate) regions: String,
    /// Print JSON for a script.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) of: KeysOf,
}

#[derive(Debug, Args)]
pub(crate) struct StaffReset {
    pub(crate) login: String,
    /// Print JSON for a script.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) of: KeysOf,
}

#[derive(Debug, Args)]
pub(crate) struct StaffList {
    /// Print JSON for a script, one object a line.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) of: KeysOf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a new key and move everything to it. May be stopped at any point and run again.
    Rotate(Rotate),
    /// List which keys the store is written with, and since when.
    List(KeysList),
}

#[derive(Debug, Args)]
pub(crate) struct KeysList {
    /// Print JSON for a script.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) of: KeysOf,
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// Which keys; all of them, one after another, when it is left out.
    #[arg(value_enum)]
    pub(crate) which: Option<Rotated>,
    /// Only put the new keys into the file, so that it can be copied to the other nodes before the
    /// rotation; a node without the new key does not work once it has begun.
    #[arg(long, conflicts_with = "at_once")]
    pub(crate) prepare: bool,
    /// Refuse at once what the signing keys before have signed (a key was stolen); everybody's app
    /// gets a new token by itself.
    #[arg(long)]
    pub(crate) at_once: bool,
    #[command(flatten)]
    pub(crate) of: KeysOf,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rotated {
    /// What personal data is sealed with.
    Data,
    /// What people and homes are found by.
    BlindIndex,
    /// What access tokens and list cursors are signed with.
    Signing,
}

#[derive(Debug, Args)]
pub(crate) struct KeysOf {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    #[cfg_attr(feature = "demo", arg(required_unless_present = "data_dir"))]
    #[cfg_attr(not(feature = "demo"), arg(required = true))]
    pub(crate) config: Option<PathBuf>,
    /// The data folder of a demo, running or not.
    #[cfg(feature = "demo")]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The demo keeps its records in this PostgreSQL database.
    #[cfg(feature = "demo")]
    #[arg(long, value_name = "URL", requires = "data_dir")]
    pub(crate) database_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Print JSON for a script.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) records: RecoverOf,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file to make; one that is there is never written over.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// Print JSON for a script.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) of: KeysOf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The file that `lifeline backup` made.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,
    /// Who does it; it stands in the audit of the recovery. The user of this machine when it is left out.
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) person: Option<String>,
    /// You know that what was written after the copy was made is not in it, and that nothing goes on from the store
    /// before.
    #[arg(long)]
    pub(crate) acknowledge_fork: bool,
    /// The highest epoch that was ever used, when the installation was restored before and this copy is
    /// older than that.
    #[arg(long, value_name = "EPOCH", value_parser = clap::value_parser!(i64).range(0..))]
    pub(crate) epoch_above: Option<i64>,
    #[command(flatten)]
    pub(crate) of: KeysOf,
}

#[derive(Debug, Args)]
pub(crate) struct CopyStore {
    /// The embedded store, as store.url names it: sqlite:FILE.
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,
    /// A database without tables: postgres://…
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
    /// Print JSON for a script.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Only those that came then or later (RFC 3339, as 2026-11-22T08:00:00+08:00).
    #[arg(long, value_name = "TIME", conflicts_with = "id")]
    pub(crate) since: Option<String>,
    /// Only this one, by the channel's `notify_id`.
    #[arg(long, value_name = "NOTICE")]
    pub(crate) id: Option<String>,
    /// Print JSON for a script.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Setting {
    /// Read a value from standard input and print what to write in its place.
    Seal(SealSetting),
}

#[derive(Debug, Args)]
pub(crate) struct SealSetting {
    /// Which value, as faults name it: sms.secret_hex. It opens under this name only.
    #[arg(long, value_name = "NAME")]
    pub(crate) key: String,
    #[command(flatten)]
    pub(crate) of: WithConfig,
}

#[derive(Debug, Args)]
pub(crate) struct WithConfig {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
}

/// What a person or a script is told of a configuration's installation.
#[derive(Debug, Args)]
pub(crate) struct Told {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Print JSON for a script.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Brake {
    /// Say which brake is on, since when, and who agreed to release that of refunds.
    Status(Told),
    /// Stop all payouts, or all automatic refunds, now. Two persons let them go on.
    Stop(Stop),
    /// Agree to release the brake of refunds; the second person's consent does. Payouts go on by a case of the console.
    Release(Release),
}

/// What leaves by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Leaving {
    /// Of sold power.
    Payouts,
    /// Those that go back to payers without a person.
    Refunds,
}

#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// What is stopped.
    #[arg(value_enum)]
    pub(crate) what: Leaving,
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Who stops it; it stands in the audit.
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) person: String,
}

#[derive(Debug, Args)]
pub(crate) struct Release {
    #[command(flatten)]
    pub(crate) records: RecoverOf,
    /// Who agrees; it stands in the audit.
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) person: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Recover {
    /// Raise the restore epoch and hold back everything that would be sent. Run it on the restored store
    /// before the first `serve`.
    Begin(RecoverBegin),
    /// Read the channel's bill of one day (the ZIP file of the business details, as Alipay gives it).
    Read(RecoverRead),
    /// Say what was read, what was found, and what keeps the recovery from its end.
    Status(RecoverStatus),
    /// End it: payments go on. By another person than began it.
    End(RecoverEnd),
    /// Let payouts go on, after they were compared with the list of the trade-execution platform.
    Payouts(RecoverEnd),
}

#[derive(Debug, Args)]
pub(crate) struct RecoverOf {
    #[command(flatten)]
    pub(crate) of: KeysOf,
    /// The demo's time is so far ahead.
    #[cfg(feature = "demo")]
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        requires = "data_dir"
    )]
    pub(crate) clock_ahead_s: i64,
}

#[derive(Debug, Args)]
pub(crate) struct RecoverStatus {
    /// Print JSON for a script.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) records: RecoverOf,
}

#[derive(Debug, Args)]
pub(crate) struct RecoverAs {
    #[command(flatten)]
    pub(crate) records: RecoverOf,
    /// Who does it; it stands in the audit.
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) person: String,
}

#[derive(Debug, Args)]
pub(crate) struct RecoverBegin {
    /// The highest epoch that was ever used, when the installation was restored before and this copy is
    /// older than that.
    #[arg(long, value_name = "EPOCH", value_parser = clap::value_parser!(i64).range(0..))]
    pub(crate) epoch_above: Option<i64>,
    #[command(flatten)]
    pub(crate) by: RecoverAs,
}

#[derive(Debug, Args)]
pub(crate) struct RecoverRead {
    /// The bill of one day.
    #[arg(long, value_name = "ZIP")]
    pub(crate) bill: PathBuf,
    /// A number of the bill that reads as one of ours and is of another seller of the same account: it is passed
    /// over, and that is audited. May be given several times.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) not_ours: Vec<String>,
    #[command(flatten)]
    pub(crate) by: RecoverAs,
}

#[derive(Debug, Args)]
pub(crate) struct RecoverEnd {
    /// What the decision rests on: a ticket, minutes, a compared list; 10 to 500 characters.
    #[arg(long, value_name = "TEXT")]
    pub(crate) proof: String,
    #[command(flatten)]
    pub(crate) by: RecoverAs,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Try the contract out on the marketing system as well, by calls that change nothing there.
    #[arg(long)]
    pub(crate) marketing: bool,
    /// A home of the utility's own, whose arrears are read to see whether they are as the contract says.
    #[arg(long, value_name = "CONSUMER_NO", requires = "marketing")]
    pub(crate) home: Option<String>,
    /// Print JSON for a script.
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
#[cfg(feature = "demo")]
mod tests;
