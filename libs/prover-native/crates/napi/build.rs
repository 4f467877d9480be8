fn main() {
    println!("cargo:rerun-if-env-changed=PROVEFLEET_ADDON_BUILD");
    napi_build::setup();
}
