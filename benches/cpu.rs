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
