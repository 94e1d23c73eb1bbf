//! Work that is done aside, and what came of it, in the order in which it ends.

use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Answers that may wait to be heard.
const QUEUE: usize = 16;

#[derive(Debug)]
pub(super) struct Aside<T> {
    tasks: JoinSet<()>,
    tell: mpsc::Sender<T>,
    told: mpsc::Receiver<T>,
}

impl<T> Default for Aside<T> {
    fn default() -> Self {
        let (tell, told) = mpsc::channel(QUEUE);
        Self { tasks: JoinSet::new(), tell, told }
    }
}

impl<T: Send + 'static> Aside<T> {
    pub(super) fn begin(&mut self, work: impl Future<Output = T> + Send + 'static) {
        while self.tasks.try_join_next().is_some() {}
        let tell = self.tell.clone();
        self.tasks.spawn(async move {
            let _ = tell.send(work.await).await;
        });
    }

    pub(super) async fn told(&mut self) -> Option<T> {
        self.told.recv().await
    }

    /// Ends what is under way.
    pub(super) async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}
