import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` talks to a platform on its usual port; the built files are served by the platform itself.
export default defineConfig({
  plugins: [react()],
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
  build: {
    target: "es2022",
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      output: {
        advancedChunks: {
          groups: [
            { name: "antd", test: /node_modules\/(antd|@ant-design|@rc-component|rc-)/ },
            { name: "echarts", test: /node_modules\/(echarts|zrender)/ },
            { name: "vendor", test: /node_modules/ },
          ],
        },
      },
    },
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
