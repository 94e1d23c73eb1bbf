//! Output to a terminal or pipe that another program left without waiting: what it does not take at once is written when it does.

use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};

/// An output that waits.
#[derive(Debug)]
pub(crate) struct Patient<W>(W);

impl<W: Write + AsFd> Patient<W> {
    /// Waits where `output` would not.
    pub(crate) fn new(output: W) -> Self {
        Self(output)
    }

    fn until_done<T>(&mut self, mut what: impl FnMut(&mut W) -> io::Result<T>) -> io::Result<T> {
        loop {
            match what(&mut self.0) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let mut output = [PollFd::new(&self.0, PollFlags::OUT)];
                    match poll(&mut output, None) {
                        Ok(_) | Err(rustix::io::Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                other => return other,
            }
        }
    }
}

impl<W: Write + AsFd> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.until_done(|output| output.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.until_done(Write::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Read;

    #[test]
    fn an_output_that_does_not_wait_takes_all_of_it() {
        let (mut reader, writer) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let text = vec![b'w'; 1 << 20];
        assert!((&writer).write_all(&text).is_err(), "it is full, and says so");
        let reading = std::thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).unwrap();
            all.len()
        });
        let mut patient = Patient::new(File::from(std::os::fd::OwnedFd::from(writer)));
        patient.write_all(&text).unwrap();
        patient.flush().unwrap();
        drop(patient);
        assert!(reading.join().unwrap() > text.len());
    }
}
