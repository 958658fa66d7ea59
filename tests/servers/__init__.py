"""Real servers for tests and developers: Apache Kafka, Elasticsearch and PostgreSQL on loopback, without containers.

Kafka and Elasticsearch come as jars from Maven's central repository, PostgreSQL from the system's packages. What a machine
cannot have says so by name (`Absent`), and the tests of it are skipped with that sentence.
"""
