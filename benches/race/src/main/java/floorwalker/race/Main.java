package floorwalker.race;

import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** The narrow job in Kafka Streams. Options as key=value; "x.name=value" goes to StreamsConfig as it is. */
public final class Main {
    static final class EventDeserializer implements Deserializer<Event> {
        @Override public Event deserialize(String topic, byte[] data) { return data == null ? null : EventParser.parse(data); }
    }

    public static final class EventTime implements TimestampExtractor {
        @Override public long extract(ConsumerRecord<Object, Object> r, long partitionTime) {
            return r.value() instanceof Event e ? e.ts : r.timestamp();
        }
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> o = new java.util.HashMap<>();
        for (String a : args) { int i = a.indexOf('='); o.put(a.substring(0, i), a.substring(i + 1)); }
        String app = o.getOrDefault("app", "ks"), sfx = o.getOrDefault("suffix", "");
        boolean rocks = "rocks".equals(o.getOrDefault("stores", "mem")), cache = "on".equals(o.getOrDefault("cache", "off"));
        long sla = Long.parseLong(o.getOrDefault("sla", "20000")), grace = Long.parseLong(o.getOrDefault("grace", "5000")),
                punct = Long.parseLong(o.getOrDefault("punct", "100"));

        Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, app);
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, o.getOrDefault("brokers", "127.0.0.1:29092"));
        p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        p.put(StreamsConfig.STATE_DIR_CONFIG, o.getOrDefault("state", "/tmp/race-state"));
        p.put(StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG, EventTime.class);
        p.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, cache ? 128L << 20 : 0L);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        // small fetches keep the partitions of a thread close in event time when it catches up (fewer facts too old for their window)
        p.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 131_072);
        p.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 2_000);
        // one partition a task, so nothing to wait for; the default (0) costs 20 % of the CPU in 4.3.1 (a String.format in readyToProcess)
        p.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, -1L);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 262_144);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 134_217_728L);
        o.forEach((k, v) -> { if (k.startsWith("x.")) p.put(k.substring(2), v); });

        Topology t = new Topology();
        var str = Serdes.String(); var bin = Serdes.ByteArray();
        t.addSource("events", str.deserializer(), new EventDeserializer(), o.getOrDefault("input", "events"));
        t.addProcessor("contacts", () -> new ContactProcessor(sla, grace, punct), "events");
        t.addStateStore(store("contact-state", rocks, cache), "contacts");
        t.addSink("alerts", "alerts-ks" + sfx, str.serializer(), bin.serializer(), "contacts");
        t.addSink("facts", "facts-ks" + sfx, str.serializer(), bin.serializer(), "contacts");
        t.addSource("facts-in", str.deserializer(), bin.deserializer(), "facts-ks" + sfx);
        t.addProcessor("windows", () -> new WindowProcessor(grace, punct), "facts-in");
        t.addStateStore(store("window-state", rocks, cache), "windows");
        t.addSink("kpis", "kpis-ks" + sfx, str.serializer(), bin.serializer(), "windows");

        KafkaStreams ks = new KafkaStreams(t, p);
        CountDownLatch done = new CountDownLatch(1);
        ks.setStateListener((n, old) -> {
            System.out.println(System.currentTimeMillis() + " state " + n);
            if (n == KafkaStreams.State.ERROR || n == KafkaStreams.State.NOT_RUNNING) done.countDown();
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            System.out.println("late facts " + WindowProcessor.late.sum() + ", dups " + ContactProcessor.dups.sum());
            ks.close(java.time.Duration.ofSeconds(10));
        }));
        ks.start();
        done.await();
    }

    private static StoreBuilder<KeyValueStore<String, byte[]>> store(String name, boolean rocks, boolean cache) {
        var b = Stores.keyValueStoreBuilder(rocks ? Stores.persistentKeyValueStore(name) : Stores.inMemoryKeyValueStore(name),
                Serdes.String(), Serdes.ByteArray());
        return cache ? b.withCachingEnabled() : b.withCachingDisabled();
    }
}
