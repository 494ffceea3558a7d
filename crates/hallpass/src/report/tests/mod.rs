mod attacker; // somebody who reads a report and works out the rest
mod town; // districts full of made-up people, counted

mod withholding;
mod written;
