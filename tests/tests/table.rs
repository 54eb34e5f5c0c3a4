//! A table of capabilities that breaks a rule does not compile, and the compiler says which rule.
