//! Processor time that the program and its database have used so far, from /proc; nothing where there is none.

use std::fs;

/// Nanoseconds that a thread or a process of one thread was running.
fn ran(task: &str) -> u64 {
    let text = fs::read_to_string(format!("{task}/schedstat")).unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0)
}

/// Of the threads of this process that have this name.
pub fn of_threads(name: &str) -> u64 {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return 0 };
    let paths = tasks.flatten().map(|task| task.path().display().to_string());
    let is_meant = |path: &String| fs::read_to_string(format!("{path}/comm")).is_ok_and(|found| found.trim() == name);
    paths.filter(is_meant).map(|path| ran(&path)).sum()
}

/// Of these processes.
pub fn of_processes(ids: &[i32]) -> u64 {
    ids.iter().map(|id| ran(&format!("/proc/{id}"))).sum()
}

/// Seconds of a process: its own, and those of children that have ended.
fn seconds(pid: &str) -> Option<(f64, f64, u32)> {
    /// What the kernel tells time in, on every architecture.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program comes before, and may have anything in it.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    Some(((ticks(11)? + ticks(12)?) / TICKS, (ticks(13)? + ticks(14)?) / TICKS, fields.get(1)?.parse().ok()?))
}

/// Seconds that all threads of a process have used.
pub fn of_process(pid: u32) -> f64 {
    seconds(&pid.to_string()).map_or(0.0, |(own, ..)| own)
}

/// Seconds that a process and its children have used, also those that have ended.
pub fn of_family(pid: u32) -> f64 {
    let (own, ended) = seconds(&pid.to_string()).map_or((0.0, 0.0), |(own, ended, _)| (own, ended));
    let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
    let all = names.filter_map(|name| seconds(name.to_str()?).filter(|(.., parent)| *parent == pid));
    own + ended + all.map(|(own, ..)| own).sum::<f64>()
}

/// Megabytes of memory that a process has in use.
pub fn resident_megabytes(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(0.0) / 1_000.0
}
