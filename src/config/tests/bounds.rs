//! Values at their bounds and beyond them.

use super::*;

#[test]
fn each_bound_of_settlement_is_held() {
    for (section, key, within, beyond) in [
        ("collect", "months", ["1", "24"], ["0", "25"]),
        ("watch", "every_s", ["60", "86400"], ["59", "86401"]),
        (
            "watch",
            "threshold_s",
            ["3601", "604800"],
            ["3600", "604801"],
        ),
        ("watch", "side_by_side", ["1", "12"], ["0", "13"]),
        (
            "countdown",
            "wait_s",
            ["86400", "2592000"],
            ["86399", "2592001"],
        ),
        (
            "countdown",
            "wait_min_s",
            ["3600", "259200"],
            ["3599", "259201"],
        ),
        ("countdown", "ahead_s", ["0", "864000"], ["-1", "864001"]),
        (
            "countdown",
            "reminders_percent",
            ["[1, 2]", "[98, 99]"],
            ["[0, 2]", "[99, 100]"],
        ),
        (
            "countdown",
            "reminders_percent",
            ["[50, 51]", "[1, 99]"],
            ["[50, 50]", "[90, 50]"],
        ),
        ("queue", "version", ["1", "1000000"], ["0", "1000001"]),
        ("queue", "w_wait_per_s", ["0", "1000000"], ["-1", "1000001"]),
        (
            "queue",
            "w_amount_per_fen",
            ["0", "1000000"],
            ["-1", "1000001"],
        ),
        ("brake", "count", ["1", "1000000"], ["0", "-1"]),
        ("brake", "sum_fen", ["1", "900000000000"], ["0", "-1"]),
    ] {
        let found = |value: &str| {
            let dir = tempfile::tempdir().unwrap();
            // A poll each day asks for a longer threshold.
            let longer = if (key, value) == ("every_s", "86400") {
                "threshold_s = 86401\n"
            } else {
                ""
            };
            let text = good(dir.path());
            let text = format!("{text}\n[settlement.{section}]\n{key} = {value}\n{longer}");
            let found = faults(&text, dir.path());
            let ours = found.iter().filter(|path| path.starts_with("settlement."));
            ours.count()
        };
        assert_eq!(within.map(found), [0, 0], "{section}.{key}");
        let beyond = beyond.map(found);
        assert!(beyond.iter().all(|count| *count > 0), "{section}.{key}");
    }
}

#[test]
fn each_bound_of_the_breaker_is_held() {
    for (key, within, beyond) in [
        ("window_s", ["6", "600"], ["5", "601"]),
        ("calls_min", ["1", "10000"], ["0", "10001"]),
        ("failed_percent", ["1", "100"], ["0", "101"]),
        ("slow_percent", ["1", "100"], ["0", "101"]),
        ("slow_ms", ["50", "20000"], ["49", "20001"]),
        ("open_s", ["1", "8"], ["0", "9"]),
        ("open_max_s", ["5", "300"], ["4", "301"]),
        ("probes", ["1", "100"], ["0", "101"]),
    ] {
        let found = |value: &str| {
            let dir = tempfile::tempdir().unwrap();
            let text = format!("{}\n[breaker]\n{key} = {value}\n", good(dir.path()));
            let found = faults(&text, dir.path());
            found
                .iter()
                .filter(|path| path.starts_with("breaker."))
                .count()
        };
        assert_eq!(within.map(found), [0, 0], "{key}");
        assert!(beyond.map(found).iter().all(|count| *count > 0), "{key}");
    }
}

#[test]
fn ln_56_the_time_of_daily_tasks_is_a_time_of_day() {
    let found = |value: &str| {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("{}\n[jobs]\ndaily_at = \"{value}\"\n", good(dir.path()));
        faults(&text, dir.path())
    };
    for within in ["00:00", "03:00", "23:59"] {
        assert_eq!(found(within), Vec::<String>::new(), "{within}");
    }
    for beyond in ["24:00", "3:00", "", "at night"] {
        assert_eq!(found(beyond), ["jobs.daily_at"], "{beyond}");
    }
}

#[test]
fn figures_are_as_old_as_the_configuration_says_within_an_hour() {
    let read_in = |value: &str| {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("{}\n[billing]\nfigures_s = {value}\n", good(dir.path()));
        let found = faults(&text, dir.path());
        let read = read(&dir.path().join("lifeline.toml")).unwrap();
        (found, read.billing.rules().figures_s)
    };
    for (value, seconds) in [("6", 6), ("3600", 3_600)] {
        assert_eq!(read_in(value), (Vec::new(), seconds));
    }
    for value in ["5", "3601", "-1"] {
        assert_eq!(read_in(value).0, ["billing.figures_s"], "{value}");
    }
}

#[test]
fn the_latest_bill_is_none_to_thirty_one_days_late() {
    let read_in = |value: &str| {
        let dir = tempfile::tempdir().unwrap();
        let text = format!(
            "{}\n[payments]\nbill_late_days = {value}\n",
            good(dir.path())
        );
        let found = faults(&text, dir.path());
        let read = read(&dir.path().join("lifeline.toml")).unwrap();
        (found, read.payment_policy().bill_late_days)
    };
    for (value, days) in [("0", 0), ("31", 31)] {
        assert_eq!(read_in(value), (Vec::new(), days));
    }
    for value in ["-1", "32"] {
        assert_eq!(read_in(value).0, ["payments.bill_late_days"], "{value}");
    }
}

#[test]
fn a_call_outside_ends_before_the_request_it_is_made_for() {
    for section in [
        "alipay",
        "marketing",
        "sms",
        "user_system",
        "generation",
        "exchange",
    ] {
        let found = |value: &str| {
            let dir = tempfile::tempdir().unwrap();
            let heading = format!("[{section}]\n");
            let with = format!("{heading}deadline_ms = {value}\n");
            let text = good(dir.path());
            assert!(text.contains(&heading), "{section}");
            faults(&text.replace(&heading, &with), dir.path())
        };
        for value in ["200", "8000"] {
            assert_eq!(found(value), Vec::<String>::new(), "{section}");
        }
        for value in ["199", "8001"] {
            assert_eq!(found(value), [format!("{section}.deadline_ms")]);
        }
    }
}

#[test]
fn both_brakes_are_set_each_by_its_count_and_its_sum() {
    let read_in = |section: &str, key: &str, value: i64| {
        let dir = tempfile::tempdir().unwrap();
        let text = good(dir.path());
        let text = format!("{text}\n[{section}.brake]\n{key} = {value}\n");
        let found = faults(&text, dir.path());
        (found, read(&dir.path().join("lifeline.toml")).unwrap())
    };
    for value in [1, 7] {
        let (found, by_count) = read_in("payments", "count", value);
        let (none, by_sum) = read_in("payments", "sum_fen", value);
        assert_eq!((found, none), (Vec::new(), Vec::new()));
        let (policy, usual) = (by_count.payment_policy(), Policy::default());
        assert_eq!(policy.brake_count, value);
        assert_eq!(policy.brake_sum, usual.brake_sum);
        assert_eq!(by_sum.payment_policy().brake_sum.get(), value);
        assert_eq!(by_sum.payment_policy().brake_count, usual.brake_count);
        let (_, by_count) = read_in("settlement", "count", value);
        assert_eq!(by_count.settlement.rules("L0").brake_count, value);
        let (_, by_sum) = read_in("settlement", "sum_fen", value);
        assert_eq!(by_sum.settlement.rules("L0").brake_sum.get(), value);
    }
    for (section, key) in [("payments", "count"), ("payments", "sum_fen")] {
        assert_eq!(read_in(section, key, 0).0, ["payments.brake"], "{key}");
    }
}

#[test]
fn a_marketing_without_a_fence_is_said_in_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        "{}\n[payments]\nmarketing_fences = false\n",
        good(dir.path())
    );
    assert_eq!(faults(&text, dir.path()), Vec::<String>::new());
    let read = read(&dir.path().join("lifeline.toml")).unwrap();
    assert!(!read.payment_policy().marketing_fences);
}

#[test]
fn a_node_is_called_by_one_to_thirty_two_plain_characters() {
    let found = |name: &str| {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("{}\n[node]\nname = \"{name}\"\n", good(dir.path()));
        faults(&text, dir.path())
    };
    let (longest, too_long) = ("n".repeat(32), "n".repeat(33));
    for name in ["a", "north-1", longest.as_str()] {
        assert_eq!(found(name), Vec::<String>::new(), "{name}");
    }
    for name in ["", "North", "10.0.0.5", "n_1", too_long.as_str()] {
        assert_eq!(found(name), ["node.name"], "{name}");
    }
}
