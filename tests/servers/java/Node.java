import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.elasticsearch.Build;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.plugins.PluginsLoader;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;

/** Starts one Elasticsearch node in the home folder given as argument. For tests on loopback only. */
public final class Node {
    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        System.setProperty("es.path.home", home.toString());
        LogConfigurator.configureESLogging();
        Settings settings = Settings.builder().put("path.home", home.toString()).build();
        Environment environment =
            InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), home.resolve("config"), () -> "node");
        LogConfigurator.configure(environment, true);
        var modules = PluginsLoader.loadModulesBundles(environment.modulesDir(), false);
        var node = new org.elasticsearch.node.Node(
            environment, PluginsLoader.createPluginsLoader(modules, Set.of(), Map.of()));
        node.injector().getInstance(org.elasticsearch.rest.RestController.class).registerHandler(new Greeting());
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node, closed)));
        node.start();
        closed.await();
    }

    private static void close(org.elasticsearch.node.Node node, CountDownLatch closed) {
        try {
            node.prepareForClose();
            node.close();
            node.awaitClose(10, TimeUnit.SECONDS);
        } catch (Exception failure) {
            failure.printStackTrace();
        }
        closed.countDown();
    }

    /** What clients ask first; the shipped product answers it from a module that is not published. */
    private static final class Greeting extends BaseRestHandler {
        @Override
        public String getName() {
            return "greeting";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            return channel -> channel.sendResponse(new RestResponse(RestStatus.OK, channel.newBuilder()
                .startObject()
                .field("name", "node")
                .field("cluster_name", "taishi-test")
                .startObject("version")
                .field("number", Build.current().qualifiedVersion())
                .field("build_flavor", Build.current().flavor())
                .endObject()
                .field("tagline", "You Know, for Search")
                .endObject()));
        }
    }
}
