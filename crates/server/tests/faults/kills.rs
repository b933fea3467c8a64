//! The program killed again and again while people pay: nothing acknowledged is lost, nothing happens twice.

use crate::people::Town;
use crate::program::Home;
use crate::rounds;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_killed_while_people_pay_loses_and_doubles_nothing() {
    let home = Home::new();
    let mut program = home.start();
    let mut paying = Town::found(&home.origin()).await.start();
    for kill in 0..rounds("YINXIN_KILLS", 10) {
        // At another moment of the traffic every time.
        paying.further(20 + kill * 37 % 61).await;
        drop(program);
        program = home.start();
    }
    let paid = paying.stop().await.check().await.unwrap();
    assert!(paid > 100, "only {paid} were paid");
    drop(program);
}
