const EXAMPLE = `apiVersion: avatarpool.dev/v1alpha1
kind: AvatarPool
metadata: { name: support, namespace: avatars }
spec:
  apiSecretRef: { name: bithuman, key: api-secret }
  presets: [{ name: maya, image: { url: "https://example.com/maya.jpg" } }]
  workers: [{ name: gpu, engine: expression, max: 10 }]`;

/** The fleet is empty: how to create the first pool. */
export function NoPools() {
  return (
    <section class="card no-pools">
      <h1>No pools yet</h1>
      <p>
        No AvatarPool exists that you may <code>get</code>. Save these lines as <code>pool.yaml</code> and run{" "}
        <code>kubectl apply -f pool.yaml</code>. The pool appears here within a second.
      </p>
      <pre>{EXAMPLE}</pre>
      <p class="soft">
        If there are pools that you expect to see, request the permission <code>get</code> on{" "}
        <code>avatarpools.avatarpool.dev</code> in their namespaces.
      </p>
    </section>
  );
}
