//! Certificates of a test's own authority, in files that the servers' account can read.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use uuid::Uuid;

/// An authority that nobody else knows.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: PathBuf,
    /// PEM of its certificate.
    pub pem: String,
}

/// A certificate with its key.
pub struct Issued {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let pem = parameters.self_signed(&key).expect("a certificate").pem();
        // Numbers of processes come again, and one that was killed leaves its directory.
        let directory = std::env::temp_dir().join(format!("openslot-test-tls-{}", Uuid::now_v7()));
        fs::create_dir(&directory).expect("a new directory");
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).expect("everybody may enter");
        fs::write(directory.join("root.pem"), &pem).expect("the root is written");
        Self { issuer: Issuer::new(parameters, key), directory, pem }
    }

    /// The file of its certificate.
    pub fn root(&self) -> PathBuf {
        self.directory.join("root.pem")
    }

    /// A file of this content beside it, which everybody may read.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory.join(name);
        fs::write(&path, content).expect("the file is written");
        path
    }

    /// A certificate for these names and addresses.
    pub fn issue(&self, names: &[&str]) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let parameters = CertificateParams::new(names.clone()).expect("names");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("a certificate").pem();
        let file = |kind: &str| self.directory.join(format!("{}.{kind}.pem", names.join("+").replace(':', "_")));
        let issued = Issued { certificate: file("certificate"), key: file("key") };
        fs::write(&issued.certificate, certificate).expect("the certificate is written");
        fs::write(&issued.key, key.serialize_pem()).expect("the key is written");
        give_to_servers(&issued.key);
        issued
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // What is left lies in the directory for temporary files.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Servers take no key that others may read; as root they run under another account.
fn give_to_servers(key: &Path) {
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).expect("nobody else reads it");
    let number = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    if number(&["-u"]) == Some(0) {
        let account = ["postgres", "nobody"].into_iter().find_map(|name| number(&["-u", name]));
        chown(key, account, None).expect("the account owns it");
    }
}
